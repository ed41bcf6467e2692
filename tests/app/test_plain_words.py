"""Every English word of the patient's pages, measured: grade, length of sentences, no jargon."""

import re
import sys

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from app.i18n import LOCALES
from tests.app.test_locales import ROOT

MOST_GRADE = 6.0
MOST_WORDS = 12.0
LONGEST = 20
JARGON = frozenset(
    """
    abdomen thorax lesion benign malignant acute chronic bilateral lateral medial anterior
    posterior axial coronal sagittal modality segmentation inference adapter prognosis pathology
    radiograph hypodense opacity morphology parenchyma edema stenosis tumour tumor cancer mass
    severe mild normal abnormal unfortunately metadata
    """.split()  # noqa: SIM905 - a list of words reads better than a column of quotes
)


def page_words() -> dict[str, str]:
    """Every string of the patient's templates and where it stands."""
    with (LOCALES / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[str, str] = {}
    for name, _, text, _, _ in extract_from_dir(ROOT, methods, options, comment_tags=()):
        for one in text if isinstance(text, tuple | list) else (text,):
            if not name.startswith(("templates/report/", "templates/staff")):
                found[re.sub(r"%\(\w+\)s", "5", str(one))] = name
    return found


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end: right for nine plain words of ten."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", plain))
    silent = plain.endswith("e") and not plain.endswith(("le", "ee", "ye")) and groups > 1
    ed = plain.endswith("ed") and not plain.endswith(("ted", "ded")) and groups > 1
    return max(1, groups - silent - ed)


def sentences(text: str) -> list[list[str]]:
    parts = re.split(r"[.?!:]\s|[.?!:]$", text)
    return [words for part in parts if (words := re.findall(r"[A-Za-z0-9']+", part))]


def grade(text: str) -> float:
    """Flesch-Kincaid: 0.39 words a sentence + 11.8 syllables a word - 15.59."""
    found = sentences(text)
    words = [word for one in found for word in one]
    if not words:
        return 0.0
    sounds = sum(syllables(word) for word in words)
    return 0.39 * len(words) / len(found) + 11.8 * sounds / len(words) - 15.59


@pytest.mark.parametrize(
    ("word", "count"),
    [("picture", 2), ("liver", 2), ("doctor", 2), ("erase", 2), ("called", 1), ("people", 2)],
)
def test_syllables_of_known_words(word: str, count: int) -> None:
    assert syllables(word) == count


def test_a_plain_and_a_hard_text_are_told_apart() -> None:
    assert grade("The cat sat on the mat. It was warm.") < 2
    assert grade("Demonstration and research utilisation without conformity assessment.") > 15


def test_the_pages_as_a_whole_are_at_grade_six_in_short_sentences() -> None:
    texts = [text for text in page_words() if len(text.split()) >= 4]
    found = [words for text in texts for words in sentences(text)]
    mean = sum(map(len, found)) / len(found)
    whole = grade(" ".join(text if text[-1] in ".?!:" else f"{text}." for text in texts))
    sys.stdout.write(f"\n{len(texts)} texts: grade {whole:.1f}, {mean:.1f} words a sentence\n")
    assert whole <= MOST_GRADE
    assert mean <= MOST_WORDS


def test_no_sentence_is_long_and_no_text_is_hard() -> None:
    """A single text of few words may hold one long word; ten words and more may not be hard."""
    words = page_words()
    long = [text for text in words for one in sentences(text) if len(one) > LONGEST]
    hard = [
        (round(grade(text), 1), text)
        for text in words
        if len(text.split()) >= 10 and grade(text) > MOST_GRADE
    ]
    assert long == []
    assert hard == []


def test_no_jargon_stands_on_a_page_of_the_patient() -> None:
    found = [
        (word, text, name)
        for text, name in page_words().items()
        for word in re.findall(r"[a-z]+", text.lower())
        if word in JARGON
    ]
    assert found == []
