"""Decoding of a batch without chance: left padding, one cache, finished rows leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor, nn

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
    """

    ids: Sequence[int]
    features: Tensor
    max_new_tokens: int
    grammar: SuffixGrammar | None = None


@dataclass
class Generated:
    """The suffix of one row: token numbers without the end token, log-probabilities with it."""

    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)

    @property
    def mean_logprob(self) -> float:
        """Mean natural log-probability of the generated tokens, the end token included."""
        return sum(self.logprobs) / len(self.logprobs) if self.logprobs else 0.0


Choose = Callable[[Tensor, Sequence[int]], tuple[list[int], list[float]]]
"""From hidden states [B, D] and the row numbers they belong to: a token and its log-probability."""


@torch.inference_mode()
def decode_greedily(net: Any, rows: Sequence[Row], *, pad_id: int, eos_id: int) -> list[Generated]:
    """The most probable token after token for every row, all rows in one batch.

    A grammar takes the middle one of several places instead. Rows with a grammar and rows without
    may not share a batch. Log-probabilities are of the distribution the token was chosen from:
    the grammar's choices where there is a grammar.
    """
    choose = _chooser(net, rows)
    found = [Generated() for _ in rows]
    running = list(range(len(rows)))
    state = _prefill(net, rows, pad_id)
    while True:
        tokens, logprobs = choose(state.hidden, running)
        alive = []
        for place, (row, token) in enumerate(zip(running, tokens, strict=True)):
            if row < 0:
                continue
            found[row].logprobs.append(logprobs[place])
            if token != eos_id:
                found[row].ids.append(token)
            if _goes_on(rows[row], found[row], token, eos_id):
                alive.append(place)
        if not alive:
            return found
        running = [row if place in alive else -1 for place, row in enumerate(running)]
        if len(alive) < _KEEP_SHARE * len(running):
            state.keep(alive)
            running, tokens = [running[i] for i in alive], [tokens[i] for i in alive]
        state.advance(net, tokens)


def next_logits(net: Any, row: Row, pad_id: int) -> Tensor:
    """float32[V]: the scores of the first suffix token of one row, over the whole vocabulary."""
    with torch.inference_mode():
        return _scores(net, _prefill(net, [row], pad_id).hidden)[0]


def _goes_on(row: Row, found: Generated, token: int, eos_id: int) -> bool:
    ended = row.grammar.is_finished if row.grammar is not None else token == eos_id
    return not ended and len(found.ids) < row.max_new_tokens


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

    def advance(self, net: Any, tokens: Sequence[int]) -> None:
        ids = torch.tensor(tokens, device=self.mask.device)[:, None]
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        self.positions = self.positions + 1
        output = net.model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=self.positions,
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


def _chooser(net: Any, rows: Sequence[Row]) -> Choose:
    grammars = [row.grammar for row in rows]
    if all(grammar is None for grammar in grammars):
        return lambda hidden, _: _best(_scores(net, hidden))
    if any(grammar is None for grammar in grammars):
        raise ValueError("rows with and without a grammar need batches of their own")
    return _restricted(net, [grammar for grammar in grammars if grammar is not None])


def _restricted(net: Any, grammars: Sequence[SuffixGrammar]) -> Choose:
    """Choose among the allowed tokens only; reads just the rows of the head that can be right."""
    known = sorted({number for grammar in grammars for number in grammar.vocabulary()})
    column = {number: place for place, number in enumerate(known)}
    index = torch.tensor(known, device=net.device)
    # A plain head (not quantised, no LoRA on it) lets the rest of the vocabulary be left unread.
    head = net.lm_head.weight[index] if type(net.lm_head) is nn.Linear else None
    codes = next((one.code_ids for one in grammars if one.code_ids), ())
    unlikeness = _unlikeness(net, codes)

    def choose(hidden: Tensor, running: Sequence[int]) -> tuple[list[int], list[float]]:
        scores = _scores(net, hidden)[:, index] if head is None else _soft(net, hidden @ head.T)
        tokens, logprobs = [], []
        for row, found in zip(running, scores.cpu(), strict=True):
            if row < 0:
                tokens.append(known[0])
                logprobs.append(0.0)
                continue
            token, logprob = _allowed_best(found, grammars[row], column, unlikeness)
            grammars[row].feed(token)
            tokens.append(token)
            logprobs.append(logprob)
        return tokens, logprobs

    return choose


def _allowed_best(
    scores: Tensor,
    grammar: SuffixGrammar,
    column: dict[int, int],
    unlikeness: Tensor | None = None,
) -> tuple[int, float]:
    """The token a grammar takes from scores float32[K], and its log-probability among the allowed.

    Places are numbers, and their probability is spread over neighbours: of them the median is
    taken, which errs least. Against the end the most probable one decides, as it was taught.
    Counting them together finds more (mean Dice 0.374 for 0.355 on 1,353 objects of val pictures),
    but draws 62 % instead of 20 % of the structures that only other slices of the volume show.

    Of the codes the one is taken that is expected to be least unlike the right one (float32[C, C]):
    where many are possible the most probable one is the empty one, whatever is to be drawn.
    """
    allowed = list(grammar.allowed())
    logprobs = torch.log_softmax(scores[[column[number] for number in allowed]], dim=0)
    best = int(logprobs.argmax())
    places = len(allowed) - grammar.may_stop  # the end, where allowed, is the last
    if grammar.is_at_place and best < places:
        sums = logprobs[:places].exp().cumsum(0)
        best = min(int(torch.searchsorted(sums, sums[-1] / 2)), places - 1)
    if grammar.is_at_code and unlikeness is not None:
        best = int((logprobs.exp() @ unlikeness).argmin())
    return allowed[best], float(logprobs[best])


def _unlikeness(net: Any, code_ids: Sequence[int]) -> Tensor | None:
    """float32[C, C]: the root of the distance between codes' embeddings; None without codes.

    Codes that draw alike have learnt to lie close together.
    """
    rows = net.get_input_embeddings().weight
    if not code_ids or not rows.is_floating_point():
        return None
    known = rows[torch.tensor(code_ids, device=rows.device)].detach().float().cpu()
    return torch.cdist(known, known).sqrt()


def _scores(net: Any, hidden: Tensor) -> Tensor:
    return _soft(net, net.lm_head(hidden))


def _soft(net: Any, scores: Tensor) -> Tensor:
    """float32 scores, squeezed where the language model asks for it (PaliGemma 2).

    Source: transformers, PaliGemmaForConditionalGeneration.forward (final_logit_softcapping).
    """
    cap = getattr(net.config.get_text_config(), "final_logit_softcapping", None)
    scores = scores.float()
    return scores if cap is None else torch.tanh(scores / cap) * cap


def _best(scores: Tensor) -> tuple[list[int], list[float]]:
    best = torch.log_softmax(scores, dim=-1).max(dim=-1)
    return best.indices.tolist(), best.values.tolist()
