"""Codes that draw a mask better than the nearest ones do: single exchanges, each one tried."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.mask_codec import CODES, CodecNetwork, MaskCodec

ROUNDS: Final = 2
"""Of exchanges: a third one changes nothing more."""
TRIED: Final = 16
"""Exchanges that are drawn in a round: of 16 x 127 those that the decoder's slope promises most."""
SHARPNESS: Final = 4.0
"""Of the decoder's values as logits, as in its training."""
_BATCH: Final = 64


def seek_codes(codec: MaskCodec, masks: NDArray[np.bool_], rounds: int) -> NDArray[np.int64]:
    """int64[N, 16]: the codec's codes of bool[N, 64, 64], with up to `rounds` exchanges a mask.

    No exchange is taken that does not bring the drawn mask nearer to the mask (IoU), so nothing
    gets worse; without rounds these are the encoder's own codes.
    """
    found = [np.zeros((0, 16), dtype=np.int64)]
    for part in np.split(masks, range(_BATCH, len(masks), _BATCH)) if len(masks) else []:
        codes = torch.from_numpy(codec.encode(part))
        for _ in range(rounds):
            codes = _better(codec.network, torch.from_numpy(part), codes)
        found.append(codes.numpy())
    return np.concatenate(found)


def _better(network: CodecNetwork, masks: Tensor, codes: Tensor) -> Tensor:
    """int64[N, 16]: these codes, with one exchanged where that draws the mask better."""
    places, others = _promising(network, masks.float(), codes)
    tried = codes[:, None].repeat(1, TRIED + 1, 1)  # the last is the codes as they are
    tried[:, :TRIED].scatter_(2, places[..., None], others[..., None])
    with torch.no_grad():
        drawn = network.picture(network.codebook[tried.flatten(0, 1)]) > 0.0
    wanted = masks.repeat_interleave(TRIED + 1, 0)
    both = (drawn & wanted).flatten(1).sum(1)
    share = both / (drawn | wanted).flatten(1).sum(1).clamp(min=1)
    best = share.view(len(codes), -1).flip(1).argmax(1)  # of equals the codes as they are
    return tried[torch.arange(len(codes)), TRIED - best]


def _promising(network: CodecNetwork, masks: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Two int64[N, TRIED]: places, and the codes to put there, that should lower 1 - soft IoU."""
    rows = network.codebook.detach()[codes].requires_grad_()
    share = torch.sigmoid(network.picture(rows) * SHARPNESS)
    both = (share * masks).flatten(1).sum(1)
    either = (share + masks - share * masks).flatten(1).sum(1)
    (slope,) = torch.autograd.grad((1.0 - both / either).sum(), rows)
    change = slope @ network.codebook.detach().T - (slope * rows.detach()).sum(-1, keepdim=True)
    chosen = change.flatten(1).topk(TRIED, largest=False).indices
    return chosen // CODES, chosen % CODES
