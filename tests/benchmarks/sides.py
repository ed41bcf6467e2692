"""Our engine beside plain `transformers`: same process, weights, dtype, threads, cache, tokens."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from model.prompts import MODALITY_QUESTION, answer_prefix, segment_prefix
from model.types import Image, Request
from tests.benchmarks.plain import Answer, Plain, whole_grammar
from tests.builders import drawn_slice

NAMES = ("liver", "spleen", "left kidney", "right kidney", "stomach", "colon")
TABLETS = (*NAMES, "heart", "bladder")
NEW_TOKENS = 16
"""Of a free answer; random weights would go on for ever."""
Numbers = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Sides:
    """Both engines on one checkpoint."""

    ours: Any
    plain: Plain
    rounds: int
    say: Say

    def timed(self, what: str, ask: Callable[[], Any]) -> tuple[float, Any]:
        """The least seconds of so many rounds, and what the last one gave."""
        seconds = []
        for _ in range(self.rounds):
            started = time.perf_counter()
            found = ask()
            seconds.append(time.perf_counter() - started)
        self.say(f"{what}: {min(seconds):.2f} s")
        return min(seconds), found


def measure_sides(
    folder: Path, *, dtype: str, rounds: int, say: Say, most: int, threads: int
) -> Numbers:
    """The figures of one checkpoint; `most` names may share a prefix."""
    import torch

    from model.local import open_local

    torch.set_num_threads(threads)
    ours = open_local(folder, likeliest=True)
    assert str(ours._base.net.dtype) == f"torch.{dtype}", "both sides need one dtype"
    sides = Sides(ours, Plain(folder, dtype, ours._base.tokens), rounds, say)
    with _whole_suffixes():
        _warm_up(sides)
        numbers: Numbers = {"device": "cpu", "dtype": dtype, "threads": threads}
        numbers |= _look(sides, most)
        numbers |= _same_prefix(sides, most)
        numbers |= _followup(sides)
        numbers |= _batch_of_eight(sides)
    assert torch.get_num_threads() == threads, "both sides need the same threads"
    numbers["weights_gib"] = ours.info().resident_bytes / 2**30
    ours.close()
    return numbers


@contextmanager
def _whole_suffixes() -> Iterator[None]:
    """Let both sides write every name that was asked for: the same number of tokens."""
    import model.local

    kept = model.local.grammar_of
    model.local.grammar_of = whole_grammar  # type: ignore[assignment]
    try:
        yield
    finally:
        model.local.grammar_of = kept


def picture_of(seed: int) -> Image:
    """A drawn slice as the model takes it."""
    return np.asarray(drawn_slice(seed=seed).convert("RGB"), dtype=np.uint8)


def _segment(picture: Image, digest: str, names: Sequence[str]) -> Request:
    return Request(picture, digest, segment_prefix(names), "segment", None, 36 * len(names))


def _warm_up(sides: Sides) -> None:
    """One short answer on each side, not measured."""
    question = answer_prefix(MODALITY_QUESTION)
    sides.ours.complete([Request(picture_of(99), "", question, max_new_tokens=2)])
    sides.plain.ask(picture_of(99), question, 2, is_free=True)


def _look(sides: Sides, most: int) -> Numbers:
    """Six structures of one picture: plain asks one after another, we as costs advise."""
    from model.cost import best_group
    from model.segmentation import group_names

    picture = picture_of(1)
    plain, answers = sides.timed(
        "plain, six calls",
        lambda: [
            sides.plain.ask(picture, segment_prefix([name]), 36, is_free=False) for name in NAMES
        ],
    )
    size = best_group(len(NAMES), sides.ours.costs(), most)
    requests = [_segment(picture, "", names) for names in group_names(NAMES, size)]
    ours, completions = sides.timed("ours, six structures", lambda: sides.ours.complete(requests))
    said = "".join(completion.suffix for completion in completions)
    assert all(name in said for name in NAMES), "a structure was left out"
    assert said.count("<seg") == 16 * len(NAMES) == sum(_codes(sides, one) for one in answers)
    return {"look_speedup": plain / ours, "look_names_per_prefix": size, "look_seconds": ours}


def _codes(sides: Sides, answer: Answer) -> int:
    seg = set(sides.ours._base.tokens.seg_ids)
    return sum(token in seg for token in answer.ids)


def _same_prefix(sides: Sides, most: int) -> Numbers:
    """The combined prefix on both sides: time, every single token, and the share of bandwidth."""
    picture = picture_of(1)
    request = _segment(picture, "", NAMES)
    limit = request.max_new_tokens
    plain, answer = sides.timed(
        "plain, one prefix", lambda: sides.plain.ask(picture, request.prefix, limit, is_free=False)
    )
    meter = sides.ours._meter
    steps, seconds = meter.steps, meter.step_seconds
    copied = _copied_bytes_per_second()
    ours, _ = sides.timed("ours, one prefix", lambda: sides.ours.complete([request]))
    copied = (copied + _copied_bytes_per_second()) / 2
    step = (meter.step_seconds - seconds) / (meter.steps - steps)
    known = sides.plain.ask(picture, request.prefix, limit, is_free=False, keep_scores=True)
    assert known.ids == answer.ids, "plain generate is not the same twice"
    numbers = _compared(sides, request, known)
    numbers["look_speedup_same_prefix"] = plain / ours
    if most > 1:  # a compact model lies in the processor's cache
        read = _step_bytes(sides) / step
        numbers |= {
            "decode_share_of_bandwidth": read / copied,
            "decode_step_seconds": step,
            "decode_read_gb_per_second": read / 1e9,
            "copied_gb_per_second": copied / 1e9,
        }
    return numbers


def _compared(sides: Sides, request: Request, known: Answer) -> Numbers:
    """Our choice at every position of plain's suffix, ties of plain's own scores told apart."""
    from model.decoding import decode_greedily

    tokens = sides.ours._base.tokens
    row = replace(sides.ours._rows([request], None)[0], follow=known.ids)
    (found,) = decode_greedily(
        sides.ours._base.net, [row], pad_id=tokens.pad_id, eos_id=tokens.eos_id, likeliest=True
    )
    chosen = [*found.ids, *([tokens.eos_id] if known.ids[-1] == tokens.eos_id else [])]
    best = known.scores.float().topk(2, dim=1).values
    is_half = sides.ours._base.net.dtype.itemsize == 2
    tied = [is_half and _is_tie(*pair) for pair in best.tolist()]
    differs = [place for place, token in enumerate(known.ids) if chosen[place] != token]
    sides.say(f"tokens: {len(known.ids)}, ties {sum(tied)}, different {len(differs)}")
    return {
        "tokens_identical": len(chosen) == len(known.ids) and all(tied[i] for i in differs),
        "tokens_compared": len(known.ids),
        "tokens_tied": sum(tied),
        "tokens_different": len(differs),
    }


def _is_tie(first: float, second: float) -> bool:
    """Whether two scores are at most one step of bfloat16 (8 bits of fraction) apart."""
    _, exponent = np.frexp(np.float32(first))
    return bool(first - second <= 2.0 ** (int(exponent) - 8))


def _step_bytes(sides: Sides) -> int:
    """Bytes of weights that one decoding step reads: all layers, and the head's allowed rows."""
    from model.loading import held_bytes

    net = sides.ours._base.net
    rows = net.lm_head.weight
    read = len(sides.ours._base.tokens.loc_ids) + len(sides.ours._base.tokens.seg_ids)
    layers = net.model.language_model.layers
    return held_bytes(layers) + read * rows.shape[1] * rows.element_size()


def _copied_bytes_per_second() -> float:
    """Bytes that are copied each second (each read once and written once) within memory."""
    import torch

    source = torch.ones(1 << 28, dtype=torch.float32)
    target = torch.zeros_like(source)
    seconds = []
    for _ in range(4):
        started = time.perf_counter()
        target.copy_(source)
        seconds.append(time.perf_counter() - started)
    return source.nbytes / min(seconds)


def _followup(sides: Sides) -> Numbers:
    """A second, free question on a picture that was asked about before."""
    picture, question = picture_of(2), answer_prefix(MODALITY_QUESTION)
    request = Request(picture, "second", question, max_new_tokens=NEW_TOKENS)
    sides.ours.complete([replace(request, max_new_tokens=1)])
    ours, completions = sides.timed("ours, second question", lambda: sides.ours.complete([request]))
    plain, answer = sides.timed(
        "plain, second question",
        lambda: sides.plain.ask(picture, question, NEW_TOKENS, is_free=True),
    )
    same = sides.ours._base.tokens.suffix_text(answer.ids) == completions[0].suffix
    sides.ours.forget("second")
    return {"followup_speedup": plain / ours, "followup_same_suffix": same}


def _batch_of_eight(sides: Sides) -> Numbers:
    """Eight tablets with a picture and a name each: all at once against one after another."""
    asked = [(picture_of(10 + place), name) for place, name in enumerate(TABLETS)]
    requests = [_segment(picture, "", [name]) for picture, name in asked]
    together, _ = sides.timed("ours, eight at once", lambda: sides.ours.complete(requests))
    alone, _ = sides.timed(
        "ours, eight in turn", lambda: [sides.ours.complete([one]) for one in requests]
    )
    plain, _ = sides.timed(
        "plain, eight in turn",
        lambda: [
            sides.plain.ask(picture, segment_prefix([name]), 36, is_free=False)
            for picture, name in asked
        ],
    )
    return {"batch8_throughput_ratio": plain / together, "batch8_own_ratio": alone / together}
