"""Closed questions made from what a pack states: kinds of picture, and whether a part is there."""

from typing import Final

import numpy as np

from training.records import PictureRecord

YES, NO = "yes", "no"
KINDS_OF_PICTURE: Final = {
    "CT": ("Is this a CT?", "Is this image taken via CT?", "Is this a CT scan?"),
    "MR": ("Is this an MRI?", "Is this image taken via MRI?", "Is this an MRI scan?"),
    "X-ray": ("Is this a X-Ray?", "Is this image taken via X-Ray?", "Is this an X-Ray image?"),
}
PLANES: Final = {
    "axial": ("Is this a transverse plane?", "Is this a transverse section?"),
    "coronal": ("Is this a coronal plane?", "Is this a coronal section?"),
    "sagittal": ("Is this sagittal plane?", "Is this a sagittal section?"),
}
STUDIES: Final = {
    "chest": ("Is this a study of the chest?", "Do the organs in the image exist in the chest?"),
    "abdomen": (
        "Is this a study of the abdomen?",
        "Do the organs in the image exist in the abdomen?",
    ),
    "head": ("Is this a study of the head?", "Do the organs in the image exist in the head?"),
    "pelvis": (
        "Is this a study of the pelvic cavity?",
        "Do the organs in the image exist in the pelvic cavity?",
    ),
}
PARTS: Final = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidney": ("left kidney", "right kidney"),
    "lung": ("left lung", "right lung"),
    "heart": ("heart",),
}
ELSEWHERE: Final = {
    "head": frozenset(PARTS),
    "pelvis": frozenset({"liver", "spleen", "lung", "heart"}),
}
"""Parts that no picture of a region shows, whatever its masks leave out."""


def made_question(
    record: PictureRecord, shown: set[str], generator: np.random.Generator
) -> tuple[str, str] | None:
    """A question and its answer, as often yes as no where both can be asked; None when nothing is
    known.

    Args:
        shown: the structures of the picture's mask.
    """
    answers: dict[str, list[str]] = {YES: [], NO: []}
    for table, truth in (
        (KINDS_OF_PICTURE, record.modality),
        (PLANES, record.plane),
        (STUDIES, record.region),
    ):
        for word, questions in table.items() if truth in table else ():
            answers[YES if word == truth else NO].append(str(generator.choice(questions)))
    for part, answer in _parts(record, shown).items():
        answers[answer] += [f"Does the picture contain {part}?"] * 2
    usable = [word for word in (YES, NO) if answers[word]]
    if not usable:
        return None
    answer = str(generator.choice(usable))
    return str(generator.choice(answers[answer])), answer


def _parts(record: PictureRecord, shown: set[str]) -> dict[str, str]:
    nowhere = set(ELSEWHERE.get(record.region or "", ()))
    if record.mask is not None and not record.partial and record.region == "abdomen":
        nowhere |= set(PARTS)
    found = {part: YES for part, names in PARTS.items() if shown.intersection(names)}
    return dict.fromkeys(sorted(nowhere), NO) | found
