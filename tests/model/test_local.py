"""The local backend on a tiny random PaliGemma: what it answers does not depend on the batch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.prompts import answer_prefix, caption_prefix, detect_prefix, segment_prefix
from model.seg_tokens import parse_suffix
from model.types import BackendUnavailable, Completion, Grammar, Request
from tests.model.tiny import IMAGE_SIZE, NAMES, make_tiny, seal

pytestmark = pytest.mark.torch

LONG = answer_prefix("what kind of picture is this, and which way was it cut, and why?")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture
def backend(base: Path) -> Iterator[Any]:
    from model.local import open_local

    opened = open_local(base, device="cpu", threads=1)
    yield opened
    opened.close()


def picture(seed: int, height: int = 48, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def ask(prefix: str, grammar: Grammar = "free", *, seed: int = 0, limit: int = 12) -> Request:
    return Request(picture(seed), f"picture-{seed}", prefix, grammar, max_new_tokens=limit)


def assert_same(found: Completion, expected: Completion) -> None:
    assert found.suffix == expected.suffix
    assert found.mean_logprob == pytest.approx(expected.mean_logprob, abs=1e-5)


ASKED = [ask(LONG), ask(caption_prefix(), seed=3), ask(answer_prefix("why?"), seed=1)]
MIXED = [
    ask(caption_prefix()),
    ask(LONG),
    ask(segment_prefix(NAMES), "segment", limit=300),
    ask(answer_prefix("why?"), seed=1),
    ask(detect_prefix(["heart", "left lung"]), "detect", seed=1, limit=60),
    ask(segment_prefix(["liver"]), "segment", seed=2, limit=60),
]


def test_a_batch_answers_as_one_by_one(backend: Any) -> None:
    together = backend.complete(MIXED)
    for request, completion in zip(MIXED, together, strict=True):
        assert_same(completion, backend.complete([request])[0])
    assert len({completion.suffix for completion in together}) >= 4  # they do differ


def test_the_same_batch_twice_gives_the_same(backend: Any) -> None:
    first, second = backend.complete(MIXED), backend.complete(MIXED)
    assert [c.suffix for c in first] == [c.suffix for c in second]
    assert [c.mean_logprob for c in first] == [c.mean_logprob for c in second]


@pytest.mark.parametrize("text", ["gemma", "gemma2"])
def test_suffixes_are_those_of_transformers_generate(tmp_path: Path, text: str) -> None:
    import torch
    from transformers import (
        PaliGemmaForConditionalGeneration,
        PaliGemmaProcessor,
        PreTrainedTokenizerFast,
        SiglipImageProcessor,
    )

    from model.local import open_local

    base = make_tiny(tmp_path / "base", text=text)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(base / "tokenizer.json"),
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
    )
    pictures = SiglipImageProcessor(size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, resample=2)
    pictures.image_seq_length = 16
    processor = PaliGemmaProcessor(pictures, tokenizer)
    net = PaliGemmaForConditionalGeneration.from_pretrained(base).eval()
    backend = open_local(base, device="cpu", threads=1)
    together = backend.complete(ASKED)
    for request, completion in zip(ASKED, together, strict=True):
        # The processor adds the newline itself.
        inputs = processor(
            images=request.image, text="<image>" + request.prefix[:-1], return_tensors="pt"
        )
        inputs.pop("labels", None)
        with torch.inference_mode():
            whole = net.generate(**inputs, max_new_tokens=12, do_sample=False)
        suffix = tokenizer.decode(whole[0, inputs["input_ids"].shape[1] :])
        expected = suffix.replace("<eos>", "").strip()
        assert completion.suffix == expected
        assert expected


def test_the_prefix_is_not_in_the_suffix(backend: Any) -> None:
    for request, completion in zip(MIXED, backend.complete(MIXED), strict=True):
        assert request.prefix.strip() not in completion.suffix
        assert not any(
            token in completion.suffix for token in ("<bos>", "<eos>", "<pad>", "<image>")
        )


@pytest.mark.parametrize("seed", range(6))
def test_random_weights_write_well_formed_suffixes_under_the_grammar(
    backend: Any, seed: int
) -> None:
    requests = [
        ask(segment_prefix(NAMES), "segment", seed=seed, limit=300),
        ask(segment_prefix(NAMES[:2]), "segment", seed=seed, limit=70),
        ask(detect_prefix(NAMES), "detect", seed=seed, limit=300),
    ]
    for request, completion in zip(requests, backend.complete(requests), strict=True):
        parsed = parse_suffix(completion.suffix, NAMES, request.grammar == "segment")
        assert parsed.rejected == ()
        assert completion.mean_logprob <= 0.0


def test_a_suffix_stopped_early_keeps_whole_objects_only(backend: Any) -> None:
    def detected(seed: int, limit: int) -> str:
        request = ask(detect_prefix(NAMES), "detect", seed=seed, limit=limit)
        return str(backend.complete([request])[0].suffix)

    seed = next(seed for seed in range(20) if ";" in detected(seed, 300))
    whole = detected(seed, 300)
    for limit in range(1, 30):
        cut = detected(seed, limit)
        assert parse_suffix(cut, NAMES, needs_mask=False).rejected == ()
        assert whole.startswith(cut)


def test_a_batch_too_large_for_the_card_is_halved(backend: Any) -> None:
    import torch

    expected = backend.complete(MIXED)
    sizes = []

    def refuse_many(_: Any, __: Any, inputs: dict[str, Any]) -> None:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 1:
            raise torch.cuda.OutOfMemoryError("as a small card would say")

    hook = backend._base.net.model.register_forward_pre_hook(refuse_many, with_kwargs=True)
    for found, wanted in zip(backend.complete(MIXED), expected, strict=True):
        assert_same(found, wanted)
    hook.remove()
    assert max(sizes) == 3


def test_without_the_grammar_random_weights_write_nonsense(backend: Any) -> None:
    (free,) = backend.complete([ask(segment_prefix(NAMES), limit=60)])
    assert parse_suffix(free.suffix, NAMES, needs_mask=True).rejected


def test_kept_features_give_exactly_what_the_picture_gives(base: Path, backend: Any) -> None:
    request = ask(LONG)
    cold = backend.complete([request])[0]
    assert backend.info().resident_bytes > 4 * backend.info().parameters
    warm = backend.complete([request])[0]
    assert (warm.suffix, warm.mean_logprob) == (cold.suffix, cold.mean_logprob)
    other = Request(picture(9), "picture-0", request.prefix, max_new_tokens=12)
    assert backend.complete([other])[0].mean_logprob == cold.mean_logprob  # the tower was not asked
    backend.forget("picture-0")
    assert backend.complete([other])[0].mean_logprob != cold.mean_logprob


def test_kept_features_are_exact_against_pixel_values(base: Path) -> None:
    import torch
    from transformers import PaliGemmaForConditionalGeneration
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    net = PaliGemmaForConditionalGeneration.from_pretrained(base).eval()
    pixels = torch.rand(1, 3, IMAGE_SIZE, IMAGE_SIZE) * 2 - 1
    ids = torch.tensor([[4] * 16 + [2, 50, 60, 70]])
    common = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": torch.zeros_like(ids),
    }
    with torch.inference_mode():
        features = net.get_image_features(pixels).pooler_output
        kept = {"image": BaseModelOutputWithPooling(pooler_output=features)}
        assert torch.equal(
            net(**common, mm_encoder_outputs=kept).logits, net(**common, pixel_values=pixels).logits
        )


def test_a_picture_without_digest_is_not_kept(backend: Any) -> None:
    before = backend.info().resident_bytes
    first = backend.complete([Request(picture(0), "", LONG, max_new_tokens=8)])[0]
    second = backend.complete([Request(picture(5), "", LONG, max_new_tokens=8)])[0]
    assert backend.info().resident_bytes == before
    assert first.mean_logprob != second.mean_logprob


def test_a_closed_backend_answers_nothing(base: Path) -> None:
    from model.local import open_local

    backend = open_local(base, device="cpu")
    backend.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        backend.complete([ask(LONG)])


@pytest.mark.parametrize("quantize", ["nf4", "int8"])
def test_quantised_weights_answer_too(base: Path, quantize: str) -> None:
    from model.local import open_local

    backend = open_local(base, quantize=quantize, device="cpu")  # type: ignore[arg-type]
    plain = open_local(base, device="cpu")
    request = ask(segment_prefix(NAMES), "segment", limit=300)
    parsed = parse_suffix(backend.complete([request])[0].suffix, NAMES, needs_mask=True)
    assert parsed.rejected == ()
    assert backend.info().resident_bytes < plain.info().resident_bytes


def test_a_changed_weight_file_is_refused(tmp_path: Path) -> None:
    from model.local import open_local

    folder = make_tiny(tmp_path / "base", width=32)
    seal(folder, kind="base")
    open_local(folder, device="cpu").close()
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(BackendUnavailable, match="digest"):
        open_local(folder, device="cpu")


def test_weights_of_other_pixels_are_refused(tmp_path: Path) -> None:
    from model.local import open_local

    folder = make_tiny(tmp_path / "base", width=32)
    seal(folder, kind="base", pixels_version="0")
    with pytest.raises(BackendUnavailable, match="pixels"):
        open_local(folder, device="cpu")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "config.json"),
        ({"config.json": {"model_type": "llama"}}, "not a PaliGemma"),
        ({"config.json": {"model_type": "paligemma"}}, "no safetensors"),
    ],
)
def test_a_folder_that_is_no_paligemma_is_refused(
    tmp_path: Path, files: dict[str, object], sentence: str
) -> None:
    from model.local import open_local

    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    with pytest.raises(BackendUnavailable, match=sentence):
        open_local(tmp_path)


@pytest.mark.parametrize("name", ["/nowhere/at/all", "nobody/has-this-model", "./missing"])
def test_a_missing_model_is_a_sentence(name: str) -> None:
    from model.local import open_local

    with pytest.raises(BackendUnavailable, match=name):
        open_local(name)
