"""The compact model's own tokenizer and processor: made from the base's texts, never from answers
of the picture collections that are left for adapters."""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from model import prompts, vocabulary
from model.seg_tokens import LOC_TOKENS, SEG_TOKENS, SEPARATOR

SPECIAL: Final = ("<pad>", "<eos>", "<bos>", "<unk>", "<image>")
PAD, EOS, BOS, UNK, IMAGE = range(5)
"""Ids of the special tokens: the first five rows of the embedding."""
LEARNED_ROWS: Final = 2600
"""Rows learnt from text; with places, codes and names about 3,900, a tenth of the weights."""
WORDS: Final = Path(__file__).parent / "configs" / "words.txt"
QUESTIONS: Final = (
    prompts.MODALITY_QUESTION,
    prompts.PLANE_QUESTION,
    prompts.REGION_QUESTION,
    prompts.STRUCTURES_QUESTION,
    prompts.CONDITION_QUESTION,
)


def name_token(name: str) -> str:
    """A structure's token carries the space before it, as suffixes and prefixes write it."""
    return f" {name}"


def base_texts(data: Path) -> Iterator[str]:
    """Questions and answers of the base's train files, English only."""
    for pack in ("slake", "vqa-rad"):
        path = data / pack / "qa_train.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            record = json.loads(line)
            if record.get("q_lang", "en") == "en":
                yield f"{record['question']}\n{record['answer']}"


def make_tokenizer(texts: Iterable[str], names: Sequence[str]) -> Any:
    """A `tokenizers.Tokenizer`: byte-level BPE, then places, codes and one token a name."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=LEARNED_ROWS,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_weighted(texts), trainer)
    tokens = [*LOC_TOKENS, *SEG_TOKENS, SEPARATOR.rstrip(), *map(name_token, names)]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in tokens])
    return tokenizer


def _weighted(texts: Iterable[str]) -> Iterator[str]:
    yield from texts
    words = (*vocabulary.MODALITIES, *vocabulary.REGIONS, *vocabulary.PLANES, vocabulary.NOT_A_SCAN)
    fixed = [f"answer en {question}\n" for question in QUESTIONS]
    fixed += [f"segment detect caption en {word}\n{word}, {word}" for word in words]
    if WORDS.is_file():
        fixed += [f" {word} {word}" for word in WORDS.read_text(encoding="utf-8").split()]
    # Repeated so that every word of the vocabulary ends up as one token.
    for _ in range(20):
        yield from fixed


def save_processor(tokenizer: Any, folder: Path, image_size: int, patch_size: int) -> None:
    """Write tokenizer and processor files that transformers' PaliGemmaProcessor loads offline."""
    from transformers import PaliGemmaProcessor, PreTrainedTokenizerFast

    try:
        from transformers import SiglipImageProcessorPil as ImageProcessor
    except ImportError:
        from transformers import SiglipImageProcessor as ImageProcessor
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[PAD],
        eos_token=SPECIAL[EOS],
        bos_token=SPECIAL[BOS],
        unk_token=SPECIAL[UNK],
        additional_special_tokens=[SPECIAL[IMAGE]],
        extra_special_tokens={"image_token": SPECIAL[IMAGE]},
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )
    pictures = ImageProcessor(
        size={"height": image_size, "width": image_size},
        resample=2,  # PIL's BILINEAR, as model.pixels.squash
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    pictures.image_seq_length = (image_size // patch_size) ** 2
    PaliGemmaProcessor(image_processor=pictures, tokenizer=fast).save_pretrained(folder)


def encode_pair(
    tokenizer: Any, prefix: str, suffix: str, image_tokens: int
) -> tuple[list[int], int]:
    """Ids of image, <bos>, prefix, suffix, <eos>, and how many of them come before the suffix.

    The same ids as PaliGemmaProcessor gives for the prefix without its newline (it adds one).
    """
    before = [IMAGE] * image_tokens + [BOS]
    before += tokenizer.encode(prefix, add_special_tokens=False).ids
    after = [*tokenizer.encode(suffix, add_special_tokens=False).ids, EOS]
    return before + after, len(before)


def main(arguments: list[str]) -> int:
    """`training tokenizer`: write tokenizer and processor files of the compact model."""
    from training.config import add_config_arguments, read_config
    from training.masks import anatomy_names

    parser = argparse.ArgumentParser(prog="training tokenizer", description=main.__doc__)
    add_config_arguments(parser)
    options = parser.parse_args(arguments)
    config = read_config(options)
    names = anatomy_names(config.data / "segmentation")
    tokenizer = make_tokenizer(base_texts(config.data), names)
    config.out.mkdir(parents=True, exist_ok=True)
    save_processor(tokenizer, config.out, config.image_size, config.patch_size)
    print(f"{tokenizer.get_vocab_size()} rows, {len(names)} names")  # noqa: T201 - the command's answer
    return 0
