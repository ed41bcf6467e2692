"""The approved words of every language written out, which the guard itself keeps packed."""

from collections.abc import Iterable, Mapping
from functools import cache
from unittest import mock

from app.guardrail import vocabulary
from app.guardrail.policyfiles import load_policy


@cache
def approved_words() -> Mapping[str, list[str]]:
    """The folded words of each language in order, as a policy that is read anew expands them."""
    written: list[dict[str, str]] = []
    expand = vocabulary.expand

    def keep(groups: Iterable[vocabulary.Group]) -> tuple[dict[str, str], set[str]]:
        found, anchors = expand(groups)
        written.append(found)
        return found, anchors

    with mock.patch.object(vocabulary, "expand", keep):
        policy = load_policy()
    return {
        language: sorted(found) for language, found in zip(policy.approvers, written, strict=True)
    }
