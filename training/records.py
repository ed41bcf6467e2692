"""Pictures of the packs as records: where they lie, what is known of each, and their split."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.vocabulary import (
    MODALITY_FROM_PACK,
    PLANE_FROM_SEGMENTATION,
    REGION_FROM_SEGMENTATION,
    REGION_FROM_SLAKE,
    REGION_FROM_VQA_RAD,
)
from training.config import ConfigError
from training.json_lines import Once, needed, numbered_lines

TRAIN, VAL = "train", "val"
USUAL_IN_VQA_RAD = {"ABD": ("CT", "axial"), "CHEST": ("X-ray", "frontal")}
"""What the collection's own paper says of its pictures (doi:10.1038/sdata.2018.251); its heads
are axial CT or MR, so the questions have to tell which."""
HEAD_CT = (
    "synpic39757",
    "synpic58261",
    "synpic54795",
    "synpic45914",
    "synpic53867",
    "synpic57520",
)
"""Of the 46 heads whose questions do not tell, these are CT: read from the pictures themselves."""


ALSO_IN_MEDPIX = ("synpic24220.jpg",)
"""Left out like the pack's own list: training.near_duplicates finds it there as synpic24221."""


@dataclass(frozen=True)
class PictureRecord:
    """One picture; None means that the pack does not say."""

    key: str
    pack: str
    image: Path
    split: str
    volume: str
    modality: str | None
    region: str | None
    plane: str | None
    mask: Path | None = None
    partial: bool = False
    mirrors: bool = False
    """True where a mirrored picture with left and right names swapped is still anatomy."""
    questions: tuple[tuple[str, str], ...] = ()
    closed: tuple[bool, ...] = field(default=())
    told_in: str = ""
    """`file:line` of the list that names the picture."""


Asked = tuple[str, str, bool]
"""Question, answer, and whether it is answered by yes or no."""


def read_records(data: Path, licences: tuple[str, ...] = ()) -> list[PictureRecord]:
    """All pictures of segmentation, SLAKE and VQA-RAD under `data`, each once.

    Raises:
        ConfigError: a pack is missing, a line leaves something out or says an id again, or one
            picture or volume is in train and val.
    """
    if not (data / "segmentation" / "manifest.jsonl").is_file():
        raise ConfigError(f"{data}: there is no segmentation/manifest.jsonl in this folder")
    records = [*_segmentation(data, licences), *_slake(data), *_vqa_rad(data)]
    refuse_leaks(records)
    unique: dict[Path, PictureRecord] = {}
    for record in records:
        unique.setdefault(record.image.resolve(), record)
    return list(unique.values())


def refuse_leaks(records: Iterable[PictureRecord]) -> None:
    """Stop when a picture or a patient's volume is both taught and measured.

    SLAKE names no patients, so its groups of near-identical slices are not volumes.

    Raises:
        ConfigError: naming the first volume or picture found in two splits.
    """
    first: dict[str, PictureRecord] = {}
    for record in records:
        names = [f"picture {record.image.resolve()}"]
        if record.pack == "segmentation" and "slake" not in record.key.lower():
            names.append(f"volume {record.volume}")
        for name in names:
            other = first.setdefault(name, record)
            if other.split != record.split:
                splits = " and ".join(sorted((other.split, record.split)))
                place = f"{record.told_in}: " if record.told_in else ""
                raise ConfigError(f"{place}{name} is in {splits}")


def read_questions(path: Path, listed: Container[str]) -> dict[str, list[Asked]]:
    """What a clinic's `qa.jsonl` asks of the listed pictures, by picture; empty without the file.

    Raises:
        ConfigError: naming the line that leaves something out or asks of no listed picture.
    """
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for place, line in numbered_lines(path):
        needed(place, line, "image", "question", "answer")
        if str(line["image"]) not in listed:
            raise ConfigError(f"{place}: manifest.jsonl does not list {line['image']!r}")
        question, answer = str(line["question"]), str(line["answer"])
        found[line["image"]].append((question, answer, answer.lower() in ("yes", "no")))
    return dict(found)


def images_of(lines: Iterable[tuple[str, Mapping[str, Any]]]) -> set[str]:
    """The pictures that the lines of a manifest name."""
    return {str(line.get("image")) for _, line in lines}


def modality_of(place: str, line: Mapping[str, Any]) -> str:
    """The vocabulary's word for a line's modality.

    Raises:
        ConfigError: naming the line and the word that no pack uses.
    """
    word = line["modality"]
    if word not in MODALITY_FROM_PACK:
        known = ", ".join(MODALITY_FROM_PACK)
        raise ConfigError(f"{place}: the modality {word!r} is none of {known}")
    return MODALITY_FROM_PACK[word]


def of_questions(asked: Sequence[Asked]) -> dict[str, Any]:
    """The two fields of a record that hold what is asked of its picture."""
    return {
        "questions": tuple(one[:2] for one in asked),
        "closed": tuple(one[2] for one in asked),
    }


def _segmentation(data: Path, licences: tuple[str, ...]) -> Iterator[PictureRecord]:
    folder = data / "segmentation"
    questions = _slake_questions(data)
    lines, once = list(numbered_lines(folder / "manifest.jsonl")), Once()
    own = read_questions(folder / "qa.jsonl", images_of(lines))
    for place, line in lines:
        needed(place, line, "id", "image", "mask", "split", "patient", "modality", "licence")
        once.hear(str(line["id"]), place)
        if licences and not any(word in line["licence"] for word in licences):
            continue
        image = (folder / line["image"]).resolve()
        is_slake = image.parent.parent.name == "slake"
        asked = questions.get(image.name, ()) if is_slake else own.get(line["image"], ())
        plane = PLANE_FROM_SEGMENTATION.get(line.get("plane") or "")
        brain = line.get("body_region") == "brain" and line["modality"] == "MRI"
        yield PictureRecord(
            key=f"slake-{line['id']}" if is_slake else line["id"],
            pack="segmentation",
            image=image,
            split=line["split"],
            volume=str(line["patient"]),
            modality=modality_of(place, line),
            region=REGION_FROM_SEGMENTATION.get(line.get("body_region") or ""),
            plane=plane,
            mask=folder / line["mask"],
            partial=bool(line.get("partial_labels")),
            mirrors=brain and plane in ("axial", "coronal"),
            told_in=place,
            **of_questions(asked),
        )


def _slake_questions(data: Path) -> Mapping[str, Sequence[Asked]]:
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for split in (TRAIN, VAL):
        for place, line in numbered_lines(data / "slake" / f"qa_{split}.jsonl"):
            needed(place, line, "image", "question", "answer_type", "q_lang")
            if line["q_lang"] == "en":
                answer = " ".join(str(line["answer"]).split())
                one = (line["question"], answer, line["answer_type"] == "CLOSED")
                found[Path(line["image"]).name].append(one)
    return found


def _slake(data: Path) -> Iterator[PictureRecord]:
    questions, once = _slake_questions(data), Once()
    for place, line in numbered_lines(data / "slake" / "images.jsonl"):
        needed(place, line, "id", "image", "split", "modality", "volume_group")
        once.hear(str(line["id"]), place)
        asked = questions.get(Path(line["image"]).name, [])
        modality = modality_of(place, line)
        # SLAKE's X-rays come from ChestX-ray8, which holds frontal views only.
        plane = (
            "frontal"
            if modality == "X-ray"
            else PLANE_FROM_SEGMENTATION.get(line.get("plane") or "")
        )
        yield PictureRecord(
            key=f"slake-{line['id']}",
            pack="slake",
            image=(data / "slake" / line["image"]).resolve(),
            split=line["split"],
            volume=line["volume_group"],
            modality=modality,
            region=REGION_FROM_SLAKE.get(line.get("location") or ""),
            plane=plane,
            told_in=place,
            **of_questions(asked),
        )


def _vqa_rad(data: Path) -> Iterator[PictureRecord]:
    folder = data / "vqa-rad"
    shared_path = folder / "also_in_medpix2.json"
    listed = json.loads(shared_path.read_text()) if shared_path.is_file() else ()
    shared = {*listed, *ALSO_IN_MEDPIX}
    for split in (TRAIN, VAL):
        by_image: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        places: dict[str, str] = {}
        for place, line in numbered_lines(folder / f"qa_{split}.jsonl"):
            needed(place, line, "image", "image_organ", "question", "answer_type")
            # The adapters' collection shares pictures with this one: those stay out of the base.
            if Path(line["image"]).name not in shared:
                by_image[line["image"]].append(line)
                places.setdefault(line["image"], place)
        for image, lines in by_image.items():
            modality, plane = read_modality(lines), read_plane(lines)
            organ = lines[0]["image_organ"]
            usual_modality, usual_plane = USUAL_IN_VQA_RAD.get(organ, (None, None))
            modality = modality or usual_modality
            plane = plane or (usual_plane if modality == usual_modality else None)
            if organ == "HEAD":
                plane = plane or "axial"
                modality = modality or ("CT" if Path(image).stem in HEAD_CT else "MR")
            yield PictureRecord(
                key=f"vqa-rad-{Path(image).stem}",
                pack="vqa-rad",
                image=(folder / image).resolve(),
                split=split,
                volume=image,
                modality=modality,
                region=REGION_FROM_VQA_RAD.get(organ),
                plane=plane,
                questions=tuple((one["question"], str(one["answer"])) for one in lines),
                closed=tuple(one["answer_type"] == "CLOSED" for one in lines),
                told_in=places[image],
            )


_MODALITY_WORDS = {
    "MR": re.compile(r"\b(mri|mr|flair|t1|t2|dwi|diffusion)\b", re.I),
    "CT": re.compile(r"\b(ct|cat scan|computed tomography)\b", re.I),
    "X-ray": re.compile(r"\b(x-?\s?rays?|cxr|radiograph|plain film|pa film|ap film)\b", re.I),
}
_PLANE_WORDS = {
    "axial": re.compile(r"\b(axial|transverse)\b", re.I),
    "coronal": re.compile(r"\bcoronal\b", re.I),
    "sagittal": re.compile(r"\b(mid-?)?saggitt?al\b|\bsagittal\b", re.I),
    "frontal": re.compile(r"\b(pa|ap|posteroanterior|anteroposterior|frontal)\b", re.I),
    "lateral": re.compile(r"\blateral (film|view|x-?ray|radiograph)\b", re.I),
}


def _vote(lines: list[dict[str, Any]], words: dict[str, re.Pattern[str]]) -> str | None:
    votes: Counter[str] = Counter()
    for line in lines:
        question, answer = line["question"], str(line["answer"]).strip().lower()
        for name, pattern in words.items():
            if answer == "no" or " or " in question:
                said = pattern.search(answer)
            else:
                said = pattern.search(f"{question} {answer}")
            votes[name] += 1 if said else 0
    best = votes.most_common(2)
    if not best or best[0][1] == 0 or (len(best) > 1 and best[1][1] == best[0][1]):
        return None
    return best[0][0]


def read_modality(lines: list[dict[str, Any]]) -> str | None:
    """The modality that a picture's question records agree on; None when they do not say."""
    return _vote(lines, _MODALITY_WORDS)


def read_plane(lines: list[dict[str, Any]]) -> str | None:
    """The plane that a picture's PLANE questions agree on; None when they do not say."""
    return _vote([line for line in lines if line.get("question_type") == "PLANE"], _PLANE_WORDS)
