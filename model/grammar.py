"""The grammar of segment and detect suffixes, as the token numbers allowed next; no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model.seg_tokens import CODES_PER_MASK, SEPARATOR
from model.text_tokens import TextTokens
from model.types import Grammar

_LOCS_PER_BOX: Final = 4
_PREFIX_WORDS: Final = {"segment": "segment ", "detect": "detect "}


@dataclass(frozen=True)
class _Tail:
    """What may follow the tokens of one object: its name, then a separator or the end."""

    ids: tuple[int, ...]
    name: str
    is_last: bool


class SuffixGrammar:
    """Follows one suffix token by token; whatever it allows ends in a well-formed suffix.

    An object is 4 loc tokens with y2 > y1 and x2 > x1, 16 seg tokens when masks are asked for,
    and one of the asked names that was not used yet. Objects are joined by the separator.
    """

    def __init__(self, names: Sequence[str], tokens: TextTokens, *, has_masks: bool) -> None:
        """Start before the first token; an empty suffix is allowed."""
        self._tokens = tokens
        self._codes = CODES_PER_MASK if has_masks else 0
        tails = [tail for name in dict.fromkeys(names) for tail in _tails(name, tokens)]
        self._tails = _without_dead_ends(tails)
        self._loc_index = {number: index for index, number in enumerate(tokens.loc_ids)}
        self._open = self._tails
        self._box: list[int] = []
        self._seen_codes = 0
        self._at = 0
        self.may_stop = True
        self._fed = 0
        self.is_finished = False
        self.complete_tokens = 0

    def vocabulary(self) -> tuple[int, ...]:
        """Every token number this suffix could ever hold, sorted, the end token among them."""
        words = {number for tail in self._tails for number in tail.ids}
        seg = self._tokens.seg_ids if self._codes else ()
        return tuple(sorted({*words, *self._tokens.loc_ids, *seg, self._tokens.eos_id}))

    @property
    def is_at_place(self) -> bool:
        """Whether a place comes next, or the end where `may_stop`."""
        return len(self._box) < _LOCS_PER_BOX

    @property
    def code_ids(self) -> Sequence[int]:
        """The token numbers of mask codes; none where no masks are asked for."""
        return self._tokens.seg_ids if self._codes else ()

    @property
    def is_at_code(self) -> bool:
        """Whether a mask code comes next."""
        return not self.is_at_place and self._seen_codes < self._codes

    def allowed(self) -> Sequence[int]:
        """The token numbers that may come next; places in their order, the end token last."""
        if self.is_at_place:
            places = self._places()
            return (*places, self._tokens.eos_id) if self.may_stop else places
        if self.is_at_code:
            return self._tokens.seg_ids
        return tuple({tail.ids[self._at] for tail in self._open})

    def feed(self, number: int) -> None:
        """Take one allowed token; `complete_tokens` counts up to the last whole object."""
        self._fed += 1
        if self.is_at_place:
            self.may_stop = False
            if number == self._tokens.eos_id:
                self.is_finished = True
                return
            self._box.append(self._loc_index[number])
        elif self._seen_codes < self._codes:
            self._seen_codes += 1
        else:
            self._feed_name(number)

    def _places(self) -> Sequence[int]:
        locs = self._tokens.loc_ids
        if len(self._box) < 2:
            return locs[:-1]  # the last place would leave no room for the far corner
        return locs[self._box[len(self._box) - 2] + 1 :]

    def _feed_name(self, number: int) -> None:
        self._open = [tail for tail in self._open if tail.ids[self._at] == number]
        self._at += 1
        done = next((tail for tail in self._open if len(tail.ids) == self._at), None)
        if done is None:
            return
        self.is_finished, self.complete_tokens = done.is_last, self._fed
        self._tails = _without_dead_ends([tail for tail in self._tails if tail.name != done.name])
        self._open, self._box, self._seen_codes, self._at = self._tails, [], 0, 0


def grammar_of(prefix: str, grammar: Grammar, tokens: TextTokens) -> SuffixGrammar | None:
    """The grammar that this prefix asks for, or None for a free suffix.

    Raises:
        ValueError: the prefix does not belong to the grammar.
    """
    if grammar == "free":
        return None
    word = _PREFIX_WORDS[grammar]
    if not prefix.startswith(word) or not prefix.endswith("\n"):
        raise ValueError(f"the grammar {grammar!r} needs a prefix that begins with {word!r}")
    names = prefix[len(word) : -1].split(SEPARATOR)
    return SuffixGrammar(names, tokens, has_masks=grammar == "segment")


def _without_dead_ends(tails: list[_Tail]) -> list[_Tail]:
    """With one name left nothing can follow it, so no separator may come after it."""
    is_one_left = len({tail.name for tail in tails}) == 1
    return [tail for tail in tails if tail.is_last or not is_one_left]


def _tails(name: str, tokens: TextTokens) -> tuple[_Tail, _Tail]:
    more = tuple(tokens.between_objects(f" {name}{SEPARATOR}"))
    last = (*tokens.between_objects(f" {name}"), tokens.eos_id)
    return _Tail(more, name, is_last=False), _Tail(last, name, is_last=True)
