"""Tiny random PaliGemma folders and adapter folders for tests, made on the fly in tmp_path."""

import json
from pathlib import Path
from typing import Any

from model.adapters import base_digest
from model.manifest import sha256_of
from model.prompts import PROMPTS_VERSION
from model.seg_tokens import LOC_TOKENS, SEG_TOKENS

NAMES = ("liver", "spleen", "left kidney", "left lung", "heart", "heart and mediastinum")
SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<image>")
IMAGE_SIZE = 32
LM_TARGETS = r".*language_model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj"


def make_tiny(folder: Path, *, seed: int = 0, width: int = 64, text: str = "gemma") -> Path:
    """A PaliGemma of about 0.2 M random weights with its tokenizer, saved in `folder`.

    With the text model "gemma2" it is a PaliGemma 2: sliding windows, squeezed scores.
    """
    import torch
    from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

    folder.mkdir(parents=True, exist_ok=True)
    rows = save_tokenizer(folder)
    config = PaliGemmaConfig(
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": IMAGE_SIZE,
            "patch_size": 8,
            "projection_dim": width,
            "vision_use_head": False,
        },
        text_config={
            "model_type": text,
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": width // 2,
            "vocab_size": rows,
            "bos_token_id": 2,
            "eos_token_id": 1,
            "pad_token_id": 0,
        },
        image_token_index=4,
        image_token_id=4,
        projection_dim=width,
        hidden_size=width,
    )
    torch.manual_seed(seed)
    net = PaliGemmaForConditionalGeneration(config)
    with torch.no_grad():
        # Larger than transformers starts with, so that what the layers say outweighs the tied
        # embedding, which would only repeat the last token of the prefix.
        for name, parameter in net.named_parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0.0, 0.05 if "embed_tokens" in name else 0.3)
    net.save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path) -> int:
    """A byte-level tokenizer with places, codes and a few names; gives its number of rows."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["answer en segment detect caption what kind"] * 5, trainer)
    # "left lung" and "heart" have no token of their own, so names of several tokens occur too.
    whole = [f" {name}" for name in NAMES if name not in ("left lung", "heart")]
    tokens = [*LOC_TOKENS, *SEG_TOKENS, *whole]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in tokens])
    tokenizer.save(str(folder / "tokenizer.json"))
    return int(tokenizer.get_vocab_size())


def save_gemma_tokenizer(folder: Path) -> int:
    """A tokenizer built as Gemma's: spaces become a mark, loc and seg are words of the vocabulary.

    Source: transformers' GemmaTokenizer (byte fallback, decoder Replace + ByteFallback + Fuse).
    """
    from tokenizers import Tokenizer, decoders, models, normalizers

    mark = "\u2581"
    merged = [f"{mark}liver", f"{mark};", f"{mark}left", f"{mark}lung"]
    vocabulary = {token: number for number, token in enumerate(SPECIAL)}
    merges: list[tuple[str, str]] = []
    for token in [f"<0x{byte:02X}>" for byte in range(256)] + [*map(chr, range(33, 127)), mark]:
        vocabulary.setdefault(token, len(vocabulary))
    for word in merged:
        for end in range(2, len(word) + 1):
            if word[:end] not in vocabulary:
                vocabulary[word[:end]] = len(vocabulary)
                merges.append((word[: end - 1], word[end - 1]))
    for token in (*LOC_TOKENS, *SEG_TOKENS):
        vocabulary[token] = len(vocabulary)
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, byte_fallback=True, fuse_unk=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", mark)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(mark, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)


def make_adapter(
    base: Path,
    folder: Path,
    *,
    targets: Any = LM_TARGETS,
    scale: float = 0.3,
    seed: int = 1,
    rank: int = 2,
) -> Path:
    """A LoRA adapter for `base`; with scale 0 its B matrices are zero."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import PaliGemmaForConditionalGeneration

    torch.manual_seed(seed)
    net = PaliGemmaForConditionalGeneration.from_pretrained(base)
    tuned = get_peft_model(net, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets))
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0.0, scale) if scale else parameter.zero_()
    tuned.save_pretrained(folder)
    (folder / "README.md").write_text("A drawn adapter for tests.\n", encoding="utf-8")
    seal(folder, base_sha256=base_digest(base))
    return folder


def seal(folder: Path, **fields: Any) -> None:
    """Write the folder's manifest.json anew, with the digests of the files that are there."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = {
        p.relative_to(folder).as_posix(): sha256_of(p) for p in paths if "manifest" not in p.name
    }
    manifest = {"format": 1, "kind": "adapter", "prompts_version": PROMPTS_VERSION, "files": files}
    (folder / "manifest.json").write_text(json.dumps({**manifest, **fields}), encoding="utf-8")
