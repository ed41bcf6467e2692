"""A loss on the mask that greedy codes would draw, through the frozen decoder of the codec."""

import torch
from torch import Tensor
from torch.nn import functional

from model.mask_codec import CODES, GRID, CodecNetwork

MOST_OBJECTS = 12
CODES_PER_MASK = GRID * GRID


def drawn_mask_loss(network: CodecNetwork, logits: Tensor, codes: Tensor) -> Tensor:
    """Sum over code tokens of cross-entropy and soft Dice between drawn and asked-for masks.

    The most frequent code draws nothing, so a language side that only knows frequencies writes
    empty masks at a good cross-entropy. Here the codes with the highest score are decoded as they
    are, and the gradient goes through the expected codebook row (straight through).

    Args:
        network: the codec; its weights are not changed.
        logits: float32[16 * objects, 128], scores of the codes, object after object.
        codes: int64[16 * objects], the codes asked for.
    """
    objects = len(codes) // CODES_PER_MASK
    kept = min(objects, MOST_OBJECTS)
    first = int(torch.randint(objects - kept + 1, (1,)))
    span = slice(first * CODES_PER_MASK, (first + kept) * CODES_PER_MASK)
    codebook = network.codebook.detach()
    with torch.no_grad():
        asked = codebook[codes[span].view(kept, CODES_PER_MASK)]
        target = (network.picture(asked) > 0.0).float()
    share = logits[span].view(kept, CODES_PER_MASK, CODES).softmax(-1)
    expected = share @ codebook
    greedy = codebook[share.argmax(-1)]
    drawn = network.picture(greedy + expected - expected.detach()).float() * 4.0
    cross = functional.binary_cross_entropy_with_logits(drawn.clamp(-12.0, 12.0), target)
    filled = torch.sigmoid(drawn)
    overlap = (filled * target).flatten(1).sum(1)
    dice = 1.0 - (2.0 * overlap + 1.0) / ((filled + target).flatten(1).sum(1) + 1.0)
    return (cross + dice.mean()) * float(len(codes))
