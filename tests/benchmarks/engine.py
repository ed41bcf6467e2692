"""Our engine beside plain `transformers` on the same pictures and prefixes, in one run."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from model.compact_folder import shipped_adapter, shipped_model
from model.local import open_local
from model.prompts import (
    MODALITY_QUESTION,
    PLANE_QUESTION,
    REGION_QUESTION,
    answer_prefix,
    segment_prefix,
)
from model.types import Image, Request
from tests.builders import drawn_slice

NAMES = ("liver", "spleen", "left kidney", "right kidney")
QUESTIONS = tuple(answer_prefix(q) for q in (MODALITY_QUESTION, PLANE_QUESTION, REGION_QUESTION))
NEW_TOKENS = 96


def measure_engine(rounds: int) -> dict[str, float]:
    """Seconds per picture (median) of four prefixes, ours and plain, and how often they agree."""
    prefixes = (*QUESTIONS, segment_prefix(NAMES))
    pictures = [_picture(seed) for seed in range(rounds)]
    ours, ours_said = _timed(_ours(prefixes), pictures)
    plain, plain_said = _timed(_plain(prefixes), pictures)
    same = [a == b for a, b in zip(ours_said, plain_said, strict=True)]
    return {
        "engine_seconds_p50": ours,
        "plain_transformers_seconds_p50": plain,
        "engine_speedup": plain / ours,
        "engine_same_suffixes_share": sum(same) / len(same),
    }


def _picture(seed: int) -> Image:
    return np.asarray(drawn_slice(seed=seed).convert("RGB"), dtype=np.uint8)


def _timed(
    ask: Callable[[Image, str], list[str]], pictures: list[Image]
) -> tuple[float, list[str]]:
    ask(pictures[0], "warm-up")
    seconds, said = [], []
    for number, picture in enumerate(pictures):
        started = time.perf_counter()
        said += ask(picture, str(number))
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), said


def _ours(prefixes: tuple[str, ...]) -> Callable[[Image, str], list[str]]:
    backend = open_local(shipped_model(), adapter=shipped_adapter())

    def ask(picture: Image, digest: str) -> list[str]:
        requests = [Request(picture, digest, p, max_new_tokens=NEW_TOKENS) for p in prefixes]
        return [completion.suffix for completion in backend.complete(requests)]

    return ask


def _plain(prefixes: tuple[str, ...]) -> Callable[[Image, str], list[str]]:
    """What the model card of PaliGemma shows: processor and generate, one prefix at a time."""
    import torch
    from peft import PeftModel
    from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

    processor = PaliGemmaProcessor.from_pretrained(shipped_model())
    model = PaliGemmaForConditionalGeneration.from_pretrained(shipped_model(), dtype="float32")
    adapter = shipped_adapter()
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    model.eval()

    def ask(picture: Image, _digest: str) -> list[str]:
        said = []
        for prefix in prefixes:
            inputs = processor(
                images=picture, text=f"<image>{prefix.removesuffix(chr(10))}", return_tensors="pt"
            )
            with torch.inference_mode():
                out = model.generate(**inputs, max_new_tokens=NEW_TOKENS, do_sample=False)
            new = out[0, inputs["input_ids"].shape[1] :]
            text = processor.decode(new, skip_special_tokens=False)
            said.append(text.replace("<eos>", "").replace("<pad>", "").strip())
        return said

    return ask
