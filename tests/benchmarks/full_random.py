"""python -m tests.benchmarks.full_random FOLDER: a PaliGemma of full size with random weights.

True shapes of paligemma-3b-224 in bfloat16, names and layout of the published files, a tokenizer
with the vocabulary's layout (256,000 words, 1,024 places, 128 codes). Nothing is fetched.
"""

import argparse
import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.anatomy.catalogue import load as load_catalogue
from model.compact_folder import shipped_model
from model.seg_tokens import LOC_TOKENS, SEG_TOKENS

TEXT_ROWS = 256_000
IMAGE_ID = TEXT_ROWS + len(LOC_TOKENS) + len(SEG_TOKENS)
MARK = "\u2581"
LAYER_GAIN = 1.2
"""Standard deviation of a layer's weights times the root of its inputs: what the layers say then
outweighs the tied embedding, which alone would only repeat the last token."""


@dataclass(frozen=True)
class Shape:
    """The numbers that give a PaliGemma its size."""

    text_width: int = 2048
    text_mlp: int = 16_384
    text_layers: int = 18
    heads: int = 8
    head_dim: int = 256
    vision_width: int = 1152
    vision_mlp: int = 4304
    vision_layers: int = 27
    vision_heads: int = 16
    image_size: int = 224
    patch_size: int = 14
    shards: int = 3


FULL = Shape()
MEDIUM = Shape(512, 2048, 4, 4, 128, 256, 1024, 4, 4, 224, 14, 2)
"""The same layout at a fiftieth of the size, for tests."""


def make_random(folder: Path, shape: Shape = FULL, seed: int = 0) -> Path:
    """Write the folder shard by shard; holds one tensor in memory more than a shard."""
    folder.mkdir(parents=True, exist_ok=True)
    _save_settings(folder, shape)
    save_words(folder / "tokenizer.json", _words())
    _save_weights(folder, shape, seed)
    shutil.copy(shipped_model() / "mask_codec.npz", folder)
    return folder


def save_words(path: Path, words: list[str], rows: int = TEXT_ROWS) -> None:
    """A tokenizer built as Gemma's: spaces become a mark, words of ours are one token each.

    Source: transformers' GemmaTokenizer (byte fallback, decoder Replace + ByteFallback + Fuse).
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    vocabulary = {word: i for i, word in enumerate(("<pad>", "<eos>", "<bos>", "<unk>"))}
    letters = [f"<0x{byte:02X}>" for byte in range(256)] + [*map(chr, range(33, 127)), MARK]
    for piece in (*letters, *words):
        vocabulary.setdefault(piece, len(vocabulary))
    for number in range(len(vocabulary), rows):
        vocabulary[f"<unused{number}>"] = number
    for token in (*LOC_TOKENS, *SEG_TOKENS, "<image>"):
        vocabulary[token] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocabulary, [], byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", MARK)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(["<pad>", "<eos>", "<bos>", "<unk>", "<image>"])
    tokenizer.add_tokens([AddedToken(word) for word in words])
    tokenizer.save(str(path))


def _words() -> list[str]:
    """Whole words with their space: those of all structures and of the questions."""
    text = "segment detect answer caption en what kind of picture is this? which parts can be seen?"
    named = " ".join([*load_catalogue().structures, text, "; which way the picture cut? body"])
    return sorted({form for word in named.split() for form in (word, MARK + word)})


def config_of(shape: Shape) -> Any:
    """The PaliGemmaConfig of these numbers."""
    from transformers import PaliGemmaConfig

    return PaliGemmaConfig(
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": shape.vision_width,
            "intermediate_size": shape.vision_mlp,
            "num_hidden_layers": shape.vision_layers,
            "num_attention_heads": shape.vision_heads,
            "image_size": shape.image_size,
            "patch_size": shape.patch_size,
            "projection_dim": shape.text_width,
            "vision_use_head": False,
        },
        text_config={
            "model_type": "gemma",
            "hidden_size": shape.text_width,
            "intermediate_size": shape.text_mlp,
            "num_hidden_layers": shape.text_layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": 1,
            "head_dim": shape.head_dim,
            "vocab_size": IMAGE_ID + 64,
            "num_image_tokens": (shape.image_size // shape.patch_size) ** 2,
            "hidden_act": "gelu_pytorch_tanh",
            "max_position_embeddings": 8192,
        },
        image_token_index=IMAGE_ID,
        projection_dim=shape.text_width,
        hidden_size=shape.text_width,
        vocab_size=IMAGE_ID,
        bos_token_id=2,
        eos_token_id=1,
        pad_token_id=0,
        dtype="bfloat16",
    )


def _save_settings(folder: Path, shape: Shape) -> None:
    config = config_of(shape)
    config.architectures = ["PaliGemmaForConditionalGeneration"]
    config.save_pretrained(folder)
    shutil.copy(shipped_model() / "tokenizer_config.json", folder)
    processor = json.loads((shipped_model() / "processor_config.json").read_text())
    pictures = processor["image_processor"]
    pictures["image_seq_length"] = (shape.image_size // shape.patch_size) ** 2
    pictures["size"] = {"height": shape.image_size, "width": shape.image_size}
    (folder / "processor_config.json").write_text(json.dumps(processor, indent=1))


def _save_weights(folder: Path, shape: Shape, seed: int) -> None:
    """Tensors in the order of the network, in shards of about equal bytes, with their index."""
    from safetensors.torch import save_file

    shapes = dict(_published_shapes(shape))
    whole = sum(math.prod(size) for size in shapes.values()) * 2
    place: dict[str, str] = {}
    held: dict[str, Any] = {}
    filled, number = 0, 1
    for turn, (name, size) in enumerate(shapes.items()):
        held[name] = _random(name, size, seed * 100_003 + turn)
        filled += held[name].nbytes
        is_last = turn == len(shapes) - 1
        if is_last or filled >= whole / shape.shards * number:
            file = f"model-{number:05d}-of-{shape.shards:05d}.safetensors"
            save_file(held, folder / file, metadata={"format": "pt"})
            place |= dict.fromkeys(held, file)
            held, number = {}, number + 1
    index = {"metadata": {"total_size": whole}, "weight_map": place}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _published_shapes(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor by its published name; the head is the embedding and is not stored."""
    import torch
    from transformers import PaliGemmaForConditionalGeneration

    with torch.device("meta"):
        net = PaliGemmaForConditionalGeneration(config_of(shape))
    for name, tensor in net.named_parameters():
        inner = name.removeprefix("model.")
        if inner.startswith("language_model."):
            inner = inner.replace("language_model.", "language_model.model.", 1)
        if inner.startswith("vision_tower.") and "vision_model" not in inner:
            inner = inner.replace("vision_tower.", "vision_tower.vision_model.", 1)
        yield inner, tuple(tensor.shape)


def _random(name: str, size: tuple[int, ...], seed: int) -> Any:
    """bfloat16 weights; norms are one (Gemma stores them less one), biases nothing."""
    import torch

    if len(size) == 1:
        is_ones = "layer_norm" in name or "layernorm" in name
        return torch.full(size, float(is_ones and "vision" in name), dtype=torch.bfloat16)
    chance = torch.Generator().manual_seed(seed)
    inputs = math.prod(size[1:])
    deviation = 0.02 if "embed" in name else LAYER_GAIN / math.sqrt(inputs)
    return torch.empty(size, dtype=torch.bfloat16).normal_(0.0, deviation, generator=chance)


def main() -> None:
    """Make the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--medium", action="store_true", help="a fiftieth of the size, for trials")
    options = parser.parse_args()
    make_random(options.folder, MEDIUM if options.medium else FULL)


if __name__ == "__main__":
    main()
