"""Question-answer pairs made from MedPix 2.0 as a data set: JSONL by split and a card."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from model.manifest import sha256_of
from model.vocabulary import MODALITIES, PLANES
from training.adapter_rows import rows_of
from training.medpix_pictures import MedPixError, MedPixPicture, read_every_split
from training.whole_folder import whole_folder

CLOSED, OPEN = "CLOSED", "OPEN"
CLOSED_QUESTIONS: Final[Mapping[str, str]] = {
    "modality": "Is this a {word} picture?",
    "plane": "Is this a {word} view?",
}
_OTHERS: Final[Mapping[str, Sequence[str]]] = {
    "modality": [word for word in MODALITIES if word != "other"],
    "plane": [word for word in PLANES if word != "other"],
}


def export_qa(medpix: Path, out: Path) -> dict[str, int]:
    """Write `qa_SPLIT.jsonl` of every published split and README.md; gives lines by split.

    Nothing of age, sex or story enters an answer, and no picture is copied: a line names the
    picture as MedPix does, relative to the published folder.

    Raises:
        MedPixError: the folder is not as published, a case is in two splits, or `out` exists.
    """
    if out.exists():
        raise MedPixError(f"{out} exists already; name another folder")
    pictures = read_every_split(medpix)
    with whole_folder(out) as fresh:
        counts = {split: _write_split(fresh, split, ones) for split, ones in pictures.items()}
        (fresh / "README.md").write_text(_card(fresh, medpix, counts), encoding="utf-8")
    return counts


def qa_lines(pictures: Sequence[MedPixPicture]) -> Iterator[dict[str, Any]]:
    """One line a question; of each kind of picture one closed question, as often yes as no."""
    for number, one in enumerate(pictures):
        for row in rows_of(one):
            yield _line(one, row.task, _question(row.prefix), row.suffix, OPEN)
            template = CLOSED_QUESTIONS.get(row.task)
            if template and row.suffix in _OTHERS[row.task]:
                word = row.suffix if number % 2 else _another(row.task, row.suffix, number)
                answer = "yes" if word == row.suffix else "no"
                yield _line(one, row.task, template.format(word=word), answer, CLOSED)


def _another(task: str, word: str, number: int) -> str:
    others = [one for one in _OTHERS[task] if one != word]
    return others[number // 2 % len(others)]


def _question(prefix: str) -> str:
    text = prefix.strip()
    return text.removeprefix("answer en ") if text.startswith("answer ") else text


def _line(one: MedPixPicture, task: str, question: str, answer: str, kind: str) -> dict[str, Any]:
    return {
        "image": f"images/{one.image.name}",
        "case": one.case,
        "question": question,
        "answer": answer,
        "answer_type": kind,
        "question_type": task,
        "q_lang": "en",
    }


def _write_split(folder: Path, split: str, pictures: Sequence[MedPixPicture]) -> int:
    lines = [{"qid": f"{split}-{place}", **line} for place, line in enumerate(qa_lines(pictures))]
    text = "".join(json.dumps({**line, "split": split}) + "\n" for line in lines)
    (folder / f"qa_{split}.jsonl").write_text(text, encoding="utf-8")
    return len(lines)


def _card(folder: Path, medpix: Path, counts: Mapping[str, int]) -> str:
    rows = []
    for split, count in counts.items():
        path = folder / f"qa_{split}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        kinds = Counter(line["question_type"] for line in lines)
        told = ", ".join(f"{name} {number}" for name, number in sorted(kinds.items()))
        rows.append(f"| {split} | {count} | {told} | `{sha256_of(path)[:16]}` |")
    source = sha256_of(next(iter(sorted(medpix.glob("descriptions_*.jsonl")))))[:16]
    return "\n".join(
        [
            "# Questions and answers made from MedPix 2.0",
            "",
            "Made by `python -m training prepare --export-qa`. Questions are the program's own",
            "prefixes; answers are words that MedPix states, cleaned of age, sex and story.",
            "Pictures are not copied: put `images/` of the published collection beside them.",
            "",
            "| split | lines | by kind | SHA-256 |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            f"Made from lists with SHA-256 `{source}`; splits are the published ones, by case.",
            "Licence: not stated by the collection; the image terms of MedPix (US National Library",
            "of Medicine) apply. For research on how well a model names what a picture shows; not",
            "for use in care. Captions and titles name diseases and have no healthy half.",
            "",
        ]
    )
