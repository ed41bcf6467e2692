"""The mask codec: published names, shapes from the file, pasting, refusals."""

from pathlib import Path

import numpy as np
import pytest

from model.mask_codec import (
    CodecNetwork,
    MaskCodec,
    crop,
    from_arrays,
    paste,
    to_arrays,
)
from model.types import BackendUnavailable

pytestmark = pytest.mark.torch

PUBLISHED = {
    "_vq_vae._embedding",
    *(f"encoder.{index}.{part}" for index in (0, 2, 4, 6, 10) for part in ("weight", "bias")),
    *(f"decoder.{index}.{part}" for index in (0, 4, 6, 8, 10, 12) for part in ("weight", "bias")),
    *(
        f"{block}.net.{index}.{part}"
        for block in ("encoder.8", "encoder.9", "decoder.2", "decoder.3")
        for index in (0, 2, 4)
        for part in ("weight", "bias")
    ),
}


def tiny() -> CodecNetwork:
    return CodecNetwork((2, 3, 4, 5), (6, 5, 4, 3, 2), 7)


def test_the_names_are_the_published_ones() -> None:
    assert set(to_arrays(tiny())) == PUBLISHED


def test_the_published_widths_have_the_published_shapes() -> None:
    arrays = to_arrays(CodecNetwork((32, 64, 128, 128), (128, 128, 64, 32, 16), 512))
    assert arrays["decoder.0.weight"].shape == (128, 512, 1, 1)
    assert arrays["decoder.4.weight"].shape == (128, 128, 4, 4)
    assert arrays["decoder.12.weight"].shape == (1, 16, 1, 1)
    assert arrays["_vq_vae._embedding"].shape == (128, 512)


def test_a_saved_codec_codes_as_before(tmp_path: Path) -> None:
    network = tiny()
    path = tmp_path / "codec.npz"
    np.savez(path, **to_arrays(network))
    masks = np.random.default_rng(1).random((3, 64, 64, 1)) > 0.5
    codes = MaskCodec.load(path).encode(masks)
    assert codes.shape == (3, 16)
    assert codes.min() >= 0
    assert codes.max() < 128
    assert (codes == MaskCodec(network).encode(masks[..., 0].astype(np.float32))).all()
    decoded = MaskCodec.load(path).decode(codes)
    assert decoded.shape == (3, 64, 64)
    assert np.abs(decoded).max() <= 1.0


def test_encoding_picks_the_nearest_row() -> None:
    network = tiny()
    codec = MaskCodec(network)
    mask = np.ones((1, 64, 64), dtype=np.float32)
    import torch

    features = network.features(torch.ones(1, 1, 64, 64)).detach()[0]
    distances = torch.cdist(features, network.codebook.detach())
    assert codec.encode(mask)[0].tolist() == distances.argmin(1).tolist()


def test_another_digest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codec.npz"
    np.savez(path, **to_arrays(tiny()))
    with pytest.raises(BackendUnavailable, match="digest"):
        MaskCodec.load(path, sha256="0" * 64)


@pytest.mark.parametrize(
    "missing", ["_vq_vae._embedding", "decoder.6.weight", "encoder.8.net.2.bias"]
)
def test_another_layout_is_refused(missing: str) -> None:
    arrays = to_arrays(tiny())
    arrays.pop(missing)
    with pytest.raises(BackendUnavailable, match="layout"):
        from_arrays(arrays)


def test_a_missing_file_and_a_pickle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="no mask codec"):
        MaskCodec.load(tmp_path / "none.npz")
    np.savez(tmp_path / "bad.npz", a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(BackendUnavailable, match="plain arrays"):
        MaskCodec.load(tmp_path / "bad.npz")


def test_a_full_mask_fills_exactly_its_box() -> None:
    canvas = paste(np.ones((64, 64), dtype=np.float32), (0.25, 0.5, 0.75, 1.0), 100, 200)
    assert canvas.shape == (100, 200)
    assert canvas[25:75, 100:].all()
    assert canvas.sum() == 50 * 100


def test_a_box_thinner_than_a_pixel_still_shows() -> None:
    assert paste(np.ones((64, 64), np.float32), (0.5, 0.5, 0.501, 0.501), 10, 10).sum() == 1


def test_crop_and_paste_undo_each_other() -> None:
    rows, columns = np.mgrid[0:200, 0:160]
    mask = (rows - 90) ** 2 / 50**2 + (columns - 70) ** 2 / 30**2 < 1
    box = (40 / 200, 40 / 160, 140 / 200, 100 / 160)
    again = paste(crop(mask, box) * 2.0 - 1.0, box, 200, 160)
    assert (again & mask).sum() / (again | mask).sum() > 0.97
