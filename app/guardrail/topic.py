"""How much a question sounds like one about something else than pictures, bodies and machines.

Words alone mislead: "what colour goes with grey trousers" holds a colour, "so what have we got
here" nothing that a list names. Weights learnt from questions (`python -m app learn-topics`) say
which is which where the rules name neither an alarm nor a wish; they never touch those.
"""

from typing import Final

from app.guardrail.hearing import View
from app.guardrail.likeness import passages
from app.guardrail.once import once
from app.guardrail.policy import Policy

KINDS: Final = ("picture", "else")
ELSE: Final = 1.5
"""From this score on a question is about something else, whatever words it holds."""
OURS: Final = -1.0
"""Up to this score it is about the picture, though no list says so."""


def strangeness(policy: Policy, view: View, languages: list[str]) -> float:
    """The lowest score of a passage, in logits against "picture"; 0 for a single word."""
    return once(("topic", view.tokens), lambda: _strangeness(policy, view, languages))


def _strangeness(policy: Policy, view: View, languages: list[str]) -> float:
    slots, starts = passages(view, languages)
    return float(policy.topics.scores(slots, starts).min()) if len(starts) else 0.0
