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
from training.questions import made_question
from training.records import TRAIN, PictureRecord
from training.sampling import PictureSampler, Seen

WITH_MASK: Final = {
    "segment": 0.65,
    "absent": 0.13,
    "detect": 0.04,
    "kind": 0.03,
    "structures": 0.03,
    "question": 0.10,
    "caption": 0.02,
}
WITHOUT_MASK: Final = {"kind": 0.38, "question": 0.5, "absent": 0.08, "caption": 0.04}
NOT_SCAN: Final = {"kind": 0.5, "absent": 0.42, "structures": 0.08}
NAME_COUNTS: Final = (0.58, 0.17, 0.1, 0.06, 0.04, 0.02, 0.02, 0.01)
ABSENT_COUNTS: Final = (0.8, 0.15, 0.05)
ABSENT_AMONG: Final = 0.25
HARD_ABSENT: Final = 0.7
MADE_QUESTION: Final = 0.4
MADE_ALONE: Final = 0.5
"""Share of made questions where the pack has questions of its own, and where it has none."""
CLOSED_QUESTION: Final = 0.55
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
        self.by_volume = names_by_volume(prepared)

    def draw(self, seen: Seen, count: int) -> list[Example]:
        """`count` examples of one drawn picture."""
        if seen.record is None:
            weights = NOT_SCAN
        else:
            weights = WITH_MASK if seen.record.mask is not None else WITHOUT_MASK
        tasks = list(map(str, self.generator.choice(list(weights), count, p=_shares(weights))))
        if seen.gone is not None:
            tasks[0] = "gone"
        return [self._one(task, seen) for task in tasks]

    def _one(self, task: str, seen: Seen) -> Example:
        record = seen.record
        if task == "gone" and seen.gone is not None:
            name = self.prepared.names[seen.gone]
            return Example("segment", segment_prefix([name]), names=(name,))
        if task in ("segment", "detect"):
            found = self._objects(seen)
            if found:
                return self._regions(task, found, seen)
            task = "kind"
        if task == "absent" and (example := self._absent(seen)):
            return example
        if record is None:
            prefix = answer_prefix(STRUCTURES_QUESTION) if task == "structures" else None
            return Example(task, prefix or self._kind_prefix(), NOT_A_SCAN)
        if task == "structures" and not record.partial:
            return self._structures(seen)
        if task == "question" and (example := self._question(seen, record)):
            return example
        if task == "caption" and record.modality and record.region:
            return Example("caption", caption_prefix(), caption_of(record))
        return self._kind(record)

    def _objects(self, seen: Seen) -> list[Any]:
        names = self.prepared.names
        return [one for one in seen.objects if names[int(one["name"])] in self.offered]

    def _names(self, seen: Seen) -> set[str]:
        return {self.prepared.names[int(one["name"])] for one in seen.objects}

    def _regions(self, task: str, found: list[Any], seen: Seen) -> Example:
        generator, names = self.generator, self.prepared.names
        count = min(1 + int(generator.choice(len(NAME_COUNTS), p=NAME_COUNTS)), len(found))
        chosen = [found[one] for one in generator.permutation(len(found))[:count]]
        asked = [names[int(one["name"])] for one in chosen]
        if count < 8 and generator.random() < ABSENT_AMONG:
            absent = self._absent_name(seen)
            if absent:
                asked.insert(int(generator.integers(len(asked) + 1)), absent)
        prefix = segment_prefix(asked) if task == "segment" else detect_prefix(asked)
        shifted = bool(generator.random() < SHIFTED)
        return Example(task, prefix, "", tuple(chosen), shifted, tuple(asked))

    def _absent_name(self, seen: Seen) -> str | None:
        """A name that this picture does not show: where masks are complete mostly one that other
        slices of its volume or other pictures of its region show.

        None where the picture shows every structure that is offered.
        """
        record, present = seen.record, self._names(seen)
        own = self.by_region.get(record.region or "", set()) if record else set()
        known = record is not None and record.mask is not None and not record.partial
        near = self.by_volume.get(record.volume, set()) if record else set()
        hard = sorted((near - present) & self.offered) or sorted((own - present) & self.offered)
        if known and hard and self.generator.random() < HARD_ABSENT:
            return str(self.generator.choice(hard))
        easy = sorted(self.offered - own - present) or sorted(self.offered - present)
        return str(self.generator.choice(easy)) if easy else None

    def _absent(self, seen: Seen) -> Example | None:
        count = 1 + int(self.generator.choice(len(ABSENT_COUNTS), p=ABSENT_COUNTS))
        drawn = {self._absent_name(seen) for _ in range(count)}
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

    def _structures(self, seen: Seen) -> Example:
        found = sorted(self._objects(seen), key=lambda one: -float(one["share"]))[:8]
        text = ", ".join(self.prepared.names[int(one["name"])] for one in found)
        return Example("structures", answer_prefix(STRUCTURES_QUESTION), text)

    def _question(self, seen: Seen, record: PictureRecord) -> Example | None:
        made = MADE_QUESTION if record.questions else MADE_ALONE
        if self.generator.random() < made:
            found = made_question(record, self._names(seen), self.generator)
        else:
            found = self._asked_question(record)
        return found and Example("question", answer_prefix(found[0]), found[1])

    def _asked_question(self, record: PictureRecord) -> tuple[str, str] | None:
        """One of the pack's questions; of the closed ones each answer is as likely."""
        closed = self.generator.random() < CLOSED_QUESTION
        by_answer: defaultdict[str, list[str]] = defaultdict(list)
        for (question, answer), is_closed in zip(record.questions, record.closed, strict=True):
            if is_closed == closed and len(answer) <= LONGEST_ANSWER:
                by_answer[answer.lower()].append(question)
        if not by_answer:
            return None
        counts = [1 if closed else len(ones) for ones in by_answer.values()]
        shares = np.array(counts) / sum(counts)
        answer = str(self.generator.choice(list(by_answer), p=shares))
        return str(self.generator.choice(by_answer[answer])), answer


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


def names_by_volume(prepared: Prepared) -> dict[str, set[str]]:
    """Volume to the names that any of its training slices shows."""
    copies, records = prepared.copies[TRAIN], prepared.records[TRAIN]
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, owner in zip(
        copies.objects["name"], copies.records[copies.objects["copy"]], strict=True
    ):
        found[records[int(owner)].volume].add(prepared.names[int(name)])
    return dict(found)


def _shares(weights: dict[str, float]) -> list[float]:
    total = sum(weights.values())
    return [weight / total for weight in weights.values()]
