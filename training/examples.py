"""Examples: a picture's prefixes and suffixes, drawn at random from what is known of it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from model.prompts import (
    MODALITY_QUESTION,
    PLANE_QUESTION,
    REGION_QUESTION,
    STRUCTURES_QUESTION,
    answer_prefix,
    caption_prefix,
    detect_prefix,
    segment_prefix,
)
from model.vocabulary import NOT_A_SCAN
from training.prepare import Prepared
from training.records import TRAIN, PictureRecord
from training.sampling import PictureSampler

WITH_MASK: Final = {
    "segment": 0.67,
    "absent": 0.08,
    "detect": 0.06,
    "kind": 0.08,
    "structures": 0.04,
    "question": 0.05,
    "caption": 0.02,
}
WITHOUT_MASK: Final = {"kind": 0.55, "question": 0.33, "absent": 0.06, "caption": 0.06}
NOT_SCAN: Final = {"kind": 0.7, "absent": 0.2, "structures": 0.1}
NAME_COUNTS: Final = (0.58, 0.17, 0.1, 0.06, 0.04, 0.02, 0.02, 0.01)
ABSENT_AMONG: Final = 0.25
HARD_ABSENT: Final = 0.5
SHIFTED: Final = 0.5
LONGEST_ANSWER: Final = 80
"""Characters; longer answers are general knowledge that a model this small only garbles."""


@dataclass(frozen=True)
class Example:
    """One prefix with its suffix; objects carry what the suffix's tokens are taught from."""

    task: str
    prefix: str
    text: str = ""
    objects: tuple[Any, ...] = ()
    """Rows of the cache's OBJECT type, in the order of the prefix; empty for text suffixes."""
    shifted: bool = False
    """True when the suffix is fed with shifted corners and asks for the codes of that box."""
    names: tuple[str, ...] = field(default=())


class ExampleMaker:
    """Draws examples for copies; knows which names belong to which region."""

    def __init__(self, prepared: Prepared, split: str, seed: int) -> None:
        """Learn from the train split which names a region shows, and how pictures are split."""
        self.prepared = prepared
        self.offered = set(prepared.offered)
        self.sampler = PictureSampler(prepared, split, seed)
        self.generator = np.random.default_rng(seed + 17)
        self.by_region = names_by_region(prepared)

    def draw(self, index: int, count: int) -> list[Example]:
        """`count` examples of one drawn copy (a negative when the index is below 0)."""
        record = self.sampler.record(index)
        if record is None:
            weights = NOT_SCAN
        else:
            weights = WITH_MASK if record.mask is not None else WITHOUT_MASK
        tasks = self.generator.choice(list(weights), count, p=_shares(weights))
        return [self._one(str(task), index, record) for task in tasks]

    def _one(self, task: str, index: int, record: PictureRecord | None) -> Example:
        if task in ("segment", "detect"):
            found = self._objects(index)
            if found:
                return self._regions(task, found, record)
            task = "kind"
        if task == "absent" and (example := self._absent(index, record)):
            return example
        if record is None:
            prefix = answer_prefix(STRUCTURES_QUESTION) if task == "structures" else None
            return Example(task, prefix or self._kind_prefix(), NOT_A_SCAN)
        if task == "structures" and not record.partial:
            return self._structures(index)
        if task == "question" and record.questions:
            return self._question(record)
        if task == "caption" and record.modality and record.region:
            return Example("caption", caption_prefix(), caption_of(record))
        return self._kind(record)

    def _objects(self, index: int) -> list[Any]:
        if index < 0:
            return []
        copies, names = self.sampler.copies, self.prepared.names
        found = copies.objects[copies.first[index] : copies.first[index + 1]]
        return [one for one in found if names[int(one["name"])] in self.offered]

    def _regions(self, task: str, found: list[Any], record: PictureRecord | None) -> Example:
        generator, names = self.generator, self.prepared.names
        count = min(1 + int(generator.choice(len(NAME_COUNTS), p=NAME_COUNTS)), len(found))
        chosen = [found[one] for one in generator.permutation(len(found))[:count]]
        asked = [names[int(one["name"])] for one in chosen]
        if count < 8 and generator.random() < ABSENT_AMONG:
            absent = self._absent_name({names[int(one["name"])] for one in found}, record)
            if absent:
                asked.insert(int(generator.integers(len(asked) + 1)), absent)
        prefix = segment_prefix(asked) if task == "segment" else detect_prefix(asked)
        shifted = bool(generator.random() < SHIFTED)
        return Example(task, prefix, "", tuple(chosen), shifted, tuple(asked))

    def _absent_name(self, present: set[str], record: PictureRecord | None) -> str | None:
        """A name that this picture does not show, from its own region where masks are complete.

        None where the picture shows every structure that is offered.
        """
        own = self.by_region.get(record.region or "", set()) if record else set()
        known = record is not None and record.mask is not None and not record.partial
        hard = sorted((own - present) & self.offered)
        if known and hard and self.generator.random() < HARD_ABSENT:
            return str(self.generator.choice(hard))
        easy = sorted(self.offered - own - present) or sorted(self.offered - present)
        return str(self.generator.choice(easy)) if easy else None

    def _absent(self, index: int, record: PictureRecord | None) -> Example | None:
        names = self.prepared.names
        present = {names[int(one["name"])] for one in self._objects(index)}
        count = int(self.generator.integers(1, 4))
        drawn = {self._absent_name(present, record) for _ in range(count)}
        asked = sorted(name for name in drawn if name)
        if not asked:
            return None
        self.generator.shuffle(asked)
        return Example("segment", segment_prefix(asked), "", (), False, tuple(asked))

    def _kind_prefix(self) -> str:
        questions = (MODALITY_QUESTION, PLANE_QUESTION, REGION_QUESTION)
        return answer_prefix(str(self.generator.choice(questions)))

    def _kind(self, record: PictureRecord) -> Example:
        known = [
            (question, word)
            for question, word in (
                (MODALITY_QUESTION, record.modality),
                (PLANE_QUESTION, record.plane),
                (REGION_QUESTION, record.region),
            )
            if word
        ]
        question, word = known[int(self.generator.integers(len(known)))]
        return Example("kind", answer_prefix(question), word)

    def _structures(self, index: int) -> Example:
        found = sorted(self._objects(index), key=lambda one: -float(one["share"]))[:8]
        text = ", ".join(self.prepared.names[int(one["name"])] for one in found)
        return Example("structures", answer_prefix(STRUCTURES_QUESTION), text)

    def _question(self, record: PictureRecord) -> Example:
        question, answer = record.questions[int(self.generator.integers(len(record.questions)))]
        if len(answer) > LONGEST_ANSWER:
            return self._kind(record)
        return Example("question", answer_prefix(question), answer.lower())


def caption_of(record: PictureRecord) -> str:
    """A short anatomical caption: plane, kind and part; never a finding, age or sex."""
    words = [record.plane or "", record.modality or "", "of the", record.region or ""]
    return " ".join(word for word in words if word)


def names_by_region(prepared: Prepared) -> dict[str, set[str]]:
    """Region to the names that any training picture of that region shows."""
    copies, records = prepared.copies[TRAIN], prepared.records[TRAIN]
    found: defaultdict[str, set[str]] = defaultdict(set)
    owners = copies.records[copies.objects["copy"]]
    for name, owner in {
        (int(name), int(owner)) for name, owner in zip(copies.objects["name"], owners, strict=True)
    }:
        found[records[owner].region or ""].add(prepared.names[name])
    return dict(found)


def _shares(weights: dict[str, float]) -> list[float]:
    total = sum(weights.values())
    return [weight / total for weight in weights.values()]
