"""The approved words of every language written out, which the guard itself keeps packed."""

from collections.abc import Iterable, Mapping
from functools import cache
from unittest import mock

from app.guardrail import vocabulary
from app.guardrail.forms import Forms, Group, expand
from app.guardrail.policyfiles import FOLDER, read_policy


@cache
def written_out() -> Mapping[str, tuple[dict[str, str], set[str]]]:
    """Of each language its approved words with their groups, and those that anchor a sentence."""
    written: list[tuple[dict[str, str], set[str]]] = []

    def keep(groups: Iterable[Group]) -> Forms:
        forms = expand(groups)
        written.append((forms.groups, forms.anchors))
        return forms

    with mock.patch.object(vocabulary, "expand", keep):
        policy = read_policy(FOLDER)
    return dict(zip(policy.approvers, written, strict=True))


@cache
def approved_words() -> Mapping[str, list[str]]:
    """The folded words of each language in order."""
    return {language: sorted(found) for language, (found, _) in written_out().items()}
