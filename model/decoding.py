"""Decoding of a batch without chance: left padding, one cache, finished rows leave."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from model.choosing import Choice, chooser_for, scores_of
from model.cost import Meter
from model.grammar import SuffixGrammar

_KEEP_SHARE: Final = 0.75
"""Finished rows are cut out once fewer than this share of the batch still runs."""


@dataclass(frozen=True)
class Row:
    """One prefix ready for the language model.

    Args:
        ids: token numbers of image, <bos> and prefix.
        features: [T, D] projected vision features of its picture.
        max_new_tokens: where decoding stops at the latest.
        grammar: what the suffix must look like; None leaves it free.
        is_wanted: False from some moment on ends the row; nobody waits for it any more.
        follow: tokens to go on with instead of the chosen ones, which are reported all the same:
            compares every single choice with those of another engine.
    """

    ids: Sequence[int]
    features: Tensor
    max_new_tokens: int
    grammar: SuffixGrammar | None = None
    is_wanted: Callable[[], bool] = lambda: True
    follow: Sequence[int] | None = None


@dataclass
class Generated:
    """The suffix of one row: token numbers without the end token, log-probabilities with it."""

    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)

    @property
    def mean_logprob(self) -> float:
        """Mean natural log-probability of the generated tokens, the end token included."""
        return sum(self.logprobs) / len(self.logprobs) if self.logprobs else 0.0


@torch.inference_mode()
def decode_greedily(
    net: Any,
    rows: Sequence[Row],
    *,
    pad_id: int,
    eos_id: int,
    likeliest: bool = False,
    meter: Meter | None = None,
) -> list[Generated]:
    """The most probable token after token for every row, all rows in one batch.

    A grammar takes the middle one of several places instead, unless `likeliest`. Where it leaves
    no choice the tokens are taken without asking the network, and go through it together with the
    next one that is chosen; a suffix that is decided does not go through it at all. Rows with a
    grammar and rows without may not share a batch. Log-probabilities are of the distribution the
    token was chosen from: the grammar's choices where there is a grammar.
    """
    meter = meter or Meter()
    choose = chooser_for(net, [row.grammar for row in rows], likeliest=likeliest).choose
    found = [Generated() for _ in rows]
    running = list(range(len(rows)))
    started = time.perf_counter()
    state = _prefill(net, rows, pad_id)
    choices = choose(state.hidden, running)
    meter.prefilled(state.mask.numel(), time.perf_counter() - started)
    while True:
        steps = [
            [] if row < 0 else _taken(rows[row], found[row], choice, eos_id)
            for row, choice in zip(running, choices, strict=True)
        ]
        alive = [place for place, step in enumerate(steps) if step]
        if not alive:
            return found
        running = [row if steps[place] else -1 for place, row in enumerate(running)]
        if len(alive) < _KEEP_SHARE * len(running):
            state.keep(alive)
            running, steps = [running[i] for i in alive], [steps[i] for i in alive]
        started = time.perf_counter()
        state.advance(net, [step or [pad_id] for step in steps], pad_id)
        choices = choose(state.hidden, running)
        meter.stepped(len(running), time.perf_counter() - started)


def next_logits(net: Any, row: Row, pad_id: int) -> Tensor:
    """float32[V]: the scores of the first suffix token of one row, over the whole vocabulary."""
    with torch.inference_mode():
        return scores_of(net, _prefill(net, [row], pad_id).hidden)[0]


def _taken(row: Row, found: Generated, choice: Choice, eos_id: int) -> list[int]:
    """Take a choice and whatever follows from it alone; gives what the network has to read.

    Nothing where the row is done.
    """
    read: list[int] = []
    while True:
        place = len(found.logprobs)
        token = choice.token if row.follow is None else row.follow[place]
        found.logprobs.append(choice.logprob)
        if choice.token != eos_id:
            found.ids.append(choice.token)
        read.append(token)
        if row.grammar is not None:
            row.grammar.feed(token)
        if not _goes_on(row, found, token, eos_id):
            return []
        allowed = row.grammar.allowed() if row.grammar is not None else ()
        if len(allowed) != 1:
            return read
        choice = Choice(allowed[0], 0.0)


def _goes_on(row: Row, found: Generated, token: int, eos_id: int) -> bool:
    ended = row.grammar.is_finished if row.grammar is not None else token == eos_id
    if row.follow is not None and len(found.logprobs) >= len(row.follow):
        return False
    return not ended and len(found.ids) < row.max_new_tokens and row.is_wanted()


@dataclass
class _State:
    """Where the batch stands: hidden state of the newest token, mask, positions, cache."""

    hidden: Tensor
    mask: Tensor
    positions: Tensor
    cache: Any

    def keep(self, places: Sequence[int]) -> None:
        index = torch.tensor(places, device=self.mask.device)
        self.mask, self.positions = self.mask[index], self.positions[index]
        self.cache.batch_select_indices(index)

    def advance(self, net: Any, steps: Sequence[Sequence[int]], pad_id: int) -> None:
        """Read one to a few tokens per row; shorter ones are padded on the left and masked."""
        longest = max(map(len, steps))
        padded = [[pad_id] * (longest - len(step)) + list(step) for step in steps]
        counted = [[0] * (longest - len(step)) + [1] * len(step) for step in steps]
        ids = torch.tensor(padded, device=self.mask.device)
        read = torch.tensor(counted, device=self.mask.device)
        self.mask = torch.cat([self.mask, read], dim=1)
        positions = self.positions + read.cumsum(1)
        self.positions = positions[:, -1:]
        output = net.model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.hidden = output.last_hidden_state[:, -1]


def _prefill(net: Any, rows: Sequence[Row], pad_id: int) -> _State:
    """Picture and prefix through the language model, with full attention among them."""
    from transformers.cache_utils import DynamicCache
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    device = rows[0].features.device
    longest = max(len(row.ids) for row in rows)
    padded = [[pad_id] * (longest - len(row.ids)) + list(row.ids) for row in rows]
    ids = torch.tensor(padded, device=device)
    lengths = torch.tensor([len(row.ids) for row in rows], device=device)
    mask = (torch.arange(longest, device=device) >= (longest - lengths)[:, None]).long()
    positions = mask.cumsum(1).clamp(min=1)  # PaliGemma counts positions from 1
    features = torch.stack([row.features for row in rows])
    output = net.model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        token_type_ids=torch.zeros_like(ids),  # 0: image and prefix, which see each other
        past_key_values=(cache := DynamicCache(config=net.config.get_text_config())),
        mm_encoder_outputs={"image": BaseModelOutputWithPooling(pooler_output=features)},
        use_cache=True,
    )
    return _State(output.last_hidden_state[:, -1], mask, positions[:, -1:], cache)
