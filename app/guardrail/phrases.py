"""The phrases that begin at one word, as a tree of the words that go on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Pair = tuple[str, str]
"""A language and a concept of it."""
End = tuple[int, Pair, int]
"""The order of a phrase in the lists, what it says, and the position behind it."""
ANY_WORD: Final = "?"
_STEM_KEY: Final = 2  # letters of a word start under which it is looked up
_LOOSE: Final = 1_000_000  # what ends with a word start counts behind plain words
_LOOSER: Final = 2_000_000


@dataclass(slots=True)
class Node:
    """How far some phrases have come: those that end here, and what may go on."""

    ends: list[tuple[int, Pair]] = field(default_factory=list)
    words: dict[str, "Node"] = field(default_factory=dict)
    loose: dict[str, list[tuple[str, "Node"]]] = field(default_factory=dict)  # by how they start

    def grow(self, rest: Sequence[str], number: int, pair: Pair) -> None:
        """Adds a phrase that goes on with the words of `rest`."""
        node = self
        for word in rest:
            node = node._loose_child(word) if word[-1] in "*?" else node._child(word)
        node.ends.append((number, pair))

    def after(self, word: str) -> list["Node"]:
        """Where a word leads by how it starts."""
        several = (*self.loose.get(word[:_STEM_KEY], ()), *self.loose.get("", ()))
        return [node for start, node in several if word.startswith(start)]

    def _child(self, word: str) -> "Node":
        return self.words.setdefault(word, Node())

    def _loose_child(self, word: str) -> "Node":
        start = "" if word == ANY_WORD else word[:-1]
        several = self.loose.setdefault(start[:_STEM_KEY], [])
        found = next((node for stem, node in several if stem == start), None)
        if found is None:
            found = Node()
            several.append((start, found))
        return found


def make_tree(entries: Iterable[tuple[Pair, tuple[str, ...]]]) -> Node:
    """The tree of phrases, each by what it says and the words behind its first one."""
    root = Node()
    for number, (pair, rest) in enumerate(entries):
        if rest and rest[0][-1] in "*?":
            number += _LOOSER if rest[0] == ANY_WORD else _LOOSE
        root.grow(rest, number, pair)
    root.ends = list({pair: (number, pair) for number, pair in root.ends}.values())
    return root


def ends_from(
    nodes: Sequence[Node],
    tokens: Sequence[str],
    at: int,
    known: Mapping[str, bool],
    is_slip: Callable[[str, str], bool],
) -> list[End]:
    """The phrases that end when they go on at `at`, in the order of the lists.

    A word that is in no list may be a slip of one that is.
    """
    if len(nodes) == 1 and not (nodes[0].words or nodes[0].loose):
        return [(number, pair, at) for number, pair in nodes[0].ends]
    found: list[End] = []
    waiting = [(node, at) for node in nodes]
    for node, place in waiting:  # grows while it is gone through
        for number, pair in node.ends:
            found.append((number, pair, place))
        if place == len(tokens) or not (node.words or node.loose):
            continue
        token = tokens[place]
        child = node.words.get(token)
        if child is not None:
            waiting.append((child, place + 1))
        elif node.words and not known[token]:
            waiting += [(to, place + 1) for word, to in node.words.items() if is_slip(token, word)]
        if node.loose:
            waiting += [(to, place + 1) for to in node.after(token)]
    return sorted(found) if len(found) > 1 else found
