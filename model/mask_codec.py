"""PaliGemma's mask codec in the layout of the published vae-oid.npz: 64 x 64 mask to 16 codes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor, nn

from model.types import BackendUnavailable, Box

SIDE: Final = 64
"""A mask is 64 x 64 within its box."""
GRID: Final = 4
"""Its codes are 4 x 4, read row by row."""
CODES: Final = 128
CODEBOOK_KEY: Final = "_vq_vae._embedding"


class _Residual(nn.Module):
    """x + conv1x1(relu(conv3x3(relu(conv3x3(x)))))."""

    def __init__(self, width: int) -> None:
        """Three convolutions of one width."""
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
        )

    def forward(self, value: Tensor) -> Tensor:
        return value + self.net(value)  # type: ignore[no-any-return]


class CodecNetwork(nn.Module):
    """Encoder, codebook and decoder with the published names; widths are arguments.

    Args:
        encoder_widths: channels after `encoder.0`, `.2`, `.4` and `.6`.
        decoder_widths: channels after `decoder.0`, `.4`, `.6`, `.8` and `.10`.
        embedding_width: numbers per row of the codebook.
    """

    def __init__(
        self,
        encoder_widths: tuple[int, int, int, int],
        decoder_widths: tuple[int, int, int, int, int],
        embedding_width: int,
    ) -> None:
        """Random weights of these widths."""
        super().__init__()
        layers: list[nn.Module] = []
        previous = 1
        for width in encoder_widths:
            layers += [nn.Conv2d(previous, width, 4, stride=2, padding=1), nn.ReLU()]
            previous = width
        last = nn.Conv2d(previous, embedding_width, 1)
        self.encoder = nn.Sequential(*layers, _Residual(previous), _Residual(previous), last)
        first, *others = decoder_widths
        layers = [nn.Conv2d(embedding_width, first, 1), nn.ReLU()]
        layers += [_Residual(first), _Residual(first)]
        previous = first
        for width in others:
            up = nn.ConvTranspose2d(previous, width, 4, stride=2, padding=1)
            layers += [up, nn.ReLU()]
            previous = width
        self.decoder = nn.Sequential(*layers, nn.Conv2d(previous, 1, 1))
        self.codebook = nn.Parameter(torch.randn(CODES, embedding_width) * 0.5)

    def features(self, masks: Tensor) -> Tensor:
        """float32[N, 16, D] before the codebook, of float32[N, 1, 64, 64] in [-1, 1]."""
        return self.encoder(masks).flatten(2).transpose(1, 2)  # type: ignore[no-any-return]

    def nearest(self, features: Tensor) -> Tensor:
        """int64[N, 16]: the row of the codebook nearest to each feature."""
        flat = features.reshape(-1, features.shape[-1])
        distance = self.codebook.pow(2).sum(1) - 2.0 * flat @ self.codebook.T
        return distance.argmin(1).reshape(features.shape[:-1])

    def picture(self, embedded: Tensor) -> Tensor:
        """float32[N, 64, 64], not yet clipped, of float32[N, 16, D] codebook rows."""
        grid = embedded.transpose(1, 2).reshape(len(embedded), -1, GRID, GRID)
        return self.decoder(grid)[:, 0]  # type: ignore[no-any-return]


def to_arrays(network: CodecNetwork) -> dict[str, NDArray[np.float32]]:
    """The weights under the published names, kernels in PyTorch layout."""
    state = {key: value.detach().numpy() for key, value in network.state_dict().items()}
    state[CODEBOOK_KEY] = state.pop("codebook")
    return state


def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> CodecNetwork:
    """A network of the widths found in these arrays (published names).

    Raises:
        BackendUnavailable: a name is missing or a shape does not fit.
    """
    try:
        encoder = tuple(arrays[f"encoder.{index}.weight"].shape[0] for index in (0, 2, 4, 6))
        first = (arrays["decoder.0.weight"].shape[0],)
        ups = tuple(arrays[f"decoder.{index}.weight"].shape[1] for index in (4, 6, 8, 10))
        codebook = np.asarray(arrays[CODEBOOK_KEY], dtype=np.float32)
        network = CodecNetwork(encoder, first + ups, codebook.shape[1])
        state = {
            name: torch.from_numpy(
                codebook if name == "codebook" else np.asarray(arrays[name], dtype=np.float32)
            )
            for name in network.state_dict()
        }
        network.load_state_dict(state)
    except (KeyError, IndexError, RuntimeError) as error:
        raise BackendUnavailable("the mask codec does not have the published layout") from error
    return network.eval()


class MaskCodec:
    """Masks to codes and back; made by `load`, or around a network."""

    def __init__(self, network: CodecNetwork) -> None:
        """Serve with this network as it is."""
        self.network = network.eval()

    @classmethod
    def load(cls, path: Path, sha256: str | None = None) -> "MaskCodec":
        """The codec of an npz file; no pickle is ever read.

        Raises:
            BackendUnavailable: no such file, another digest, or another layout.
        """
        if not path.is_file():
            raise BackendUnavailable(f"there is no mask codec at {path.name}")
        if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise BackendUnavailable("the mask codec's digest is not the expected one")
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (ValueError, OSError) as error:
            raise BackendUnavailable("the mask codec is no npz of plain arrays") from error
        return cls(from_arrays(arrays))

    @torch.inference_mode()
    def encode(self, masks: NDArray[np.bool_] | NDArray[np.float32]) -> NDArray[np.int64]:
        """int64[N, 16] codes of masks bool or float32 in [0, 1], [N, 64, 64] or [N, 64, 64, 1]."""
        values = torch.from_numpy(np.asarray(masks, dtype=np.float32).reshape(-1, 1, SIDE, SIDE))
        codes = [
            self.network.nearest(self.network.features(part * 2.0 - 1.0))
            for part in torch.split(values, 512)
        ]
        return torch.cat(codes).numpy() if codes else np.zeros((0, GRID * GRID), np.int64)

    @torch.inference_mode()
    def decode(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[N, 64, 64] in [-1, 1] of int[N, 16] codes; above 0 is mask."""
        rows = self.network.codebook[torch.as_tensor(np.asarray(codes, dtype=np.int64))]
        return self.network.picture(rows).clamp(-1.0, 1.0).numpy()


def paste(mask64: NDArray[np.float32], box: Box, height: int, width: int) -> NDArray[np.bool_]:
    """bool[height, width]: a decoded float32[64, 64] in [-1, 1] laid into its box.

    Each pixel whose centre lies in the box takes the bilinear value of the mask at that place.
    """
    canvas = np.zeros((height, width), dtype=np.bool_)
    y_min, x_min, y_max, x_max = box
    top, bottom = (min(max(round(edge * height), 0), height) for edge in (y_min, y_max))
    left, right = (min(max(round(edge * width), 0), width) for edge in (x_min, x_max))
    bottom, right = max(bottom, top + 1), max(right, left + 1)
    if top >= height or left >= width:
        return canvas
    picture = PillowImage.fromarray(np.ascontiguousarray(mask64, dtype=np.float32))
    scaled = picture.resize((right - left, bottom - top), PillowImage.Resampling.BILINEAR)
    canvas[top:bottom, left:right] = np.asarray(scaled) > 0.0
    return canvas


def crop(mask: NDArray[np.bool_], box: Box) -> NDArray[np.float32]:
    """float32[64, 64] in [0, 1]: what `paste` undoes, the part of a mask within a box."""
    height, width = mask.shape
    y_min, x_min, y_max, x_max = box
    frame = (x_min * width, y_min * height, x_max * width, y_max * height)
    picture = PillowImage.fromarray(mask.astype(np.float32))
    scaled = picture.resize((SIDE, SIDE), PillowImage.Resampling.BILINEAR, box=frame)
    return np.array(scaled, dtype=np.float32)
