"""Examples as padded rows of token ids with their targets: places, codes and words."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.seg_tokens import LOC_TOKENS, SEG_TOKENS, SEPARATOR, to_bin
from training.device import device
from training.examples import Example
from training.tokenizer import BOS, EOS, IMAGE, PAD, name_token

IGNORE = -100


@dataclass(frozen=True)
class Vocabulary:
    """Where tokens lie in the embedding; made once from a tokenizer."""

    tokenizer: Any
    names: tuple[str, ...]
    image_tokens: int
    first_loc: int
    first_seg: int
    separator: tuple[int, ...]
    name_ids: dict[str, int]


@dataclass(frozen=True)
class Rows:
    """A padded batch: ids, types (1 for suffix), attention and labels int64[R, T];
    pictures int64[R]: which picture each row reads."""

    ids: Tensor
    types: Tensor
    attention: Tensor
    labels: Tensor
    pictures: Tensor


def read_vocabulary(tokenizer: Any, names: list[str], image_tokens: int) -> Vocabulary:
    """The vocabulary of a `tokenizers.Tokenizer` of ours."""
    return Vocabulary(
        tokenizer,
        tuple(names),
        image_tokens,
        tokenizer.token_to_id(LOC_TOKENS[0]),
        tokenizer.token_to_id(SEG_TOKENS[0]),
        tuple(tokenizer.encode(SEPARATOR, add_special_tokens=False).ids),
        {name: tokenizer.token_to_id(name_token(name)) for name in names},
    )


def encode_example(vocabulary: Vocabulary, example: Example) -> tuple[list[int], list[int], int]:
    """(ids that are fed, ids that are asked for, how many come before the suffix)."""
    fed = [IMAGE] * vocabulary.image_tokens + [BOS]
    fed += vocabulary.tokenizer.encode(example.prefix, add_special_tokens=False).ids
    before = len(fed)
    asked = list(fed)
    if example.objects:
        for position, found in enumerate(example.objects):
            if position:
                fed += vocabulary.separator
                asked += vocabulary.separator
            _append_object(vocabulary, example, found, fed, asked)
    elif example.text:
        ids = vocabulary.tokenizer.encode(example.text, add_special_tokens=False).ids
        fed += ids
        asked += ids
    return [*fed, EOS], [*asked, EOS], before


def _append_object(
    vocabulary: Vocabulary, example: Example, found: Any, fed: list[int], asked: list[int]
) -> None:
    seen = found["shifted"] if example.shifted else found["box"]
    fed += [vocabulary.first_loc + to_bin(float(value)) for value in seen]
    asked += [vocabulary.first_loc + to_bin(float(value)) for value in found["box"]]
    if example.task == "segment":
        codes = found["shifted_codes"] if example.shifted else found["codes"]
        ids = [vocabulary.first_seg + int(code) for code in codes]
        fed += ids
        asked += ids
    name = vocabulary.name_ids[vocabulary.names[int(found["name"])]]
    fed.append(name)
    asked.append(name)


def make_rows(
    vocabulary: Vocabulary, examples: list[tuple[int, Example]], parts: int
) -> list[Rows]:
    """Rows of similar length together, in `parts` batches, so that little is padding."""
    encoded = [(*encode_example(vocabulary, one), picture) for picture, one in examples]
    encoded.sort(key=lambda row: len(row[0]))
    bounds = np.linspace(0, len(encoded), parts + 1).astype(int)
    groups = [encoded[low:high] for low, high in itertools.pairwise(bounds)]
    return [_pad(group) for group in groups if group]


def _pad(group: list[tuple[list[int], list[int], int, int]]) -> Rows:
    longest = max(len(row[0]) for row in group)
    shape = (len(group), longest)
    ids = torch.full(shape, PAD, dtype=torch.int64)
    labels = torch.full(shape, IGNORE, dtype=torch.int64)
    types = torch.zeros(shape, dtype=torch.int64)
    attention = torch.zeros(shape, dtype=torch.int64)
    for row, (fed, asked, before, _) in enumerate(group):
        ids[row, : len(fed)] = torch.tensor(fed)
        labels[row, before : len(fed)] = torch.tensor(asked[before:])
        types[row, before:] = 1
        attention[row, : len(fed)] = 1
    pictures = torch.tensor([row[3] for row in group])
    parts = (ids, types, attention, labels, pictures)
    return Rows(*(one.to(device()) for one in parts))
