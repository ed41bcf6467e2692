"""The one place where prefixes are made; training and serving use the same functions."""

from collections.abc import Sequence
from typing import Final

PROMPTS_VERSION: Final = "1"
MAX_NAMES: Final = 8
MODALITY_QUESTION: Final = "what kind of picture is this?"
PLANE_QUESTION: Final = "which way is the picture cut?"
REGION_QUESTION: Final = "which part of the body is this?"
STRUCTURES_QUESTION: Final = "which parts can be seen?"
CONDITION_QUESTION: Final = "what condition might this be?"


def segment_prefix(names: Sequence[str]) -> str:
    """The prefix that asks for boxes and masks of 1 to 8 structures."""
    return f"segment {_joined(names)}\n"


def detect_prefix(names: Sequence[str]) -> str:
    """The prefix that asks for boxes of 1 to 8 structures."""
    return f"detect {_joined(names)}\n"


def answer_prefix(question: str, language: str = "en") -> str:
    """The prefix of a question; line breaks inside it become spaces."""
    return f"answer {language} {' '.join(question.split())}\n"


def caption_prefix(language: str = "en") -> str:
    """The prefix that asks for a caption."""
    return f"caption {language}\n"


def _joined(names: Sequence[str]) -> str:
    if not 1 <= len(names) <= MAX_NAMES:
        raise ValueError(f"a prefix names 1 to {MAX_NAMES} structures, not {len(names)}")
    return " ; ".join(names)
