"""Raw answers of a model as cases that the guard's own command can judge."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from training.adapter_rows import Taught
from training.evaluate_asking import TEXT_TOKENS, ask_all, show
from training.preferences import Preferences, known_of

AS_ASKED, ALONE = "as asked", "on its own"


def raw_cases(
    backend: Any, policy: Preferences, pictures: Sequence[tuple[Taught, bool]], when: str
) -> Iterator[dict[str, Any]]:
    """Every question of every picture, taught and new, each as two cases.

    The guard stops whatever is said to a question about illness, so the words are judged both as
    the answer to their question and as the answer to a harmless one.

    Args:
        pictures: with whether MedPix' marks are on them.
        when: such as before or after; the group's first word.
    """
    questions = [(one, "taught") for one in policy.questions]
    questions += [(one, "new") for one in policy.new_questions]
    for number, (taught, has_marks) in enumerate(pictures):
        view = show(taught.image, has_marks=has_marks)
        said = ask_all(backend, [(view, one.prefix) for one, _ in questions], tokens=TEXT_TOKENS)
        _, region = known_of(policy, taught)
        for place, ((asked, wording), answer) in enumerate(zip(questions, said, strict=True)):
            for how, question in ((AS_ASKED, asked.words), (ALONE, policy.judged_as)):
                yield {
                    "id": f"{when}-{number}-{place}-{how.split()[0]}",
                    "lang": "en",
                    "kind": "benign",
                    "group": f"{when}, {wording} question, {how}",
                    "question": question,
                    "scan": {"body_part": region},
                    "raw_answer": answer,
                    "expect": {"verdict": "allow", "must_not_contain": [], "must_contain_any": []},
                }


def write_cases(path: Path, cases: Sequence[dict[str, Any]]) -> None:
    """One case a line."""
    text = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    path.write_text(text, encoding="utf-8")
