"""How much a question sounds like one about something else than pictures, bodies and machines.

Words alone mislead: "what colour goes with grey trousers" holds a colour. Weights learnt from
questions (`python -m app learn-topics`) take a short question back that only such words would let
through to the model. They let nothing through, and they never touch what a rule says before them.
"""

from typing import Final

from app.guardrail.hearing import View
from app.guardrail.likeness import passages
from app.guardrail.patterns import BORDER
from app.guardrail.policy import Policy

KINDS: Final = ("picture", "else")
ELSE: Final = 2.0
"""From this score on a question is about something else; chosen on questions held back."""
_MOST_WORDS: Final = 20
"""A longer one, or one of two sentences, tells a story; what it asks is a small part of it."""


def is_strange(policy: Policy, view: View, languages: list[str]) -> bool:
    """Whether all of a short question sounds like one about something else."""
    sentences = {mark for spans in view.spans.values() for mark in spans.get(BORDER, ())}
    if len(sentences) > 1 or len(view.tokens) > _MOST_WORDS:
        return False
    slots, starts = passages(view, languages)
    return len(starts) == 1 and policy.topics.score(slots) >= ELSE
