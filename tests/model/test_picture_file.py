from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from model.picture_file import UnreadablePicture, image_digest, read_picture


def test_a_png_is_read_upright_in_rgb(tmp_path: Path) -> None:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    assert image.shape == (6, 8, 3)
    assert image[5, 7].tolist() == [47, 47, 47]


def test_a_turned_phone_photo_is_put_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    Image.new("RGB", (8, 4), (255, 0, 0)).save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").shape == (8, 4, 3)


def test_a_real_ct_slice_is_windowed() -> None:
    image = read_picture(Path(str(get_testdata_file("CT_small.dcm"))))
    assert image.shape == (128, 128, 3)
    assert image.dtype == np.uint8
    assert image.min() < 20
    assert image.max() > 235
    assert (image[..., 0] == image[..., 2]).all()


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 128 + b"DICM", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UnreadablePicture, match="x "):
        read_picture(tmp_path / "x")


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match="no file"):
        read_picture(tmp_path / "gone.png")


def test_the_digest_knows_shape_and_pixels() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert image_digest(image) == image_digest(image.copy())
    assert image_digest(image) != image_digest(image.reshape(3, 2, 3))
    assert image_digest(image) != image_digest(image + 1)
