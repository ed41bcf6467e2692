"""Grey values of DICOM pictures at known pixels, from stored number to picture."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_windowing
from pydicom.sequence import Sequence

from app.intake.dicom import decode_dicom
from app.intake.limits import DEFAULT_LIMITS
from app.intake.wire import Decoded
from tests.app.intake.made_files import ct_dataset, file_of, ramp, shipped


def decoded(dataset: Dataset) -> Decoded:
    return decode_dicom(file_of(dataset), DEFAULT_LIMITS)


def lookup_table(descriptor: list[int], entries: list[int]) -> Dataset:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", descriptor)
    table.add_new("LUTData", "US", entries)
    return table


def grey(dataset: Dataset) -> np.ndarray:
    pixels = decoded(dataset).pixels
    assert (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 0]


@pytest.mark.parametrize(
    "name",
    [
        "MR_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_expb.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
    ],
)
def test_every_encoding_of_one_slice_gives_the_same_grey(name: str) -> None:
    shown = decode_dicom(shipped(name), DEFAULT_LIMITS).pixels[:, :, 0]
    stored = dcmread(get_testdata_file("MR_small.dcm", download=False)).pixel_array
    # Stored 905 and 1019 under the file's window 600/1600.
    assert (stored[0, 0], stored[0, 1]) == (905, 1019)
    assert (shown[0, 0], shown[0, 1]) == (176, 194)
    expected = np.clip((stored - 599.5) / 1599 + 0.5, 0, 1) * 255
    assert np.abs(shown - expected).max() <= 1


def test_windowed_slice_agrees_with_pydicom() -> None:
    dataset = dcmread(get_testdata_file("693_J2KI.dcm", download=False))
    hounsfield = apply_modality_lut(dataset.pixel_array, dataset)
    reference = apply_windowing(hounsfield, dataset)
    scaled = (reference - reference.min()) / (reference.max() - reference.min()) * 255
    shown = decode_dicom(shipped("693_J2KI.dcm"), DEFAULT_LIMITS).pixels[:, :, 0]
    assert np.abs(shown - scaled).max() <= 1


def test_ct_small_without_a_window_uses_the_soft_tissue_window() -> None:
    answer = decode_dicom(shipped("CT_small.dcm"), DEFAULT_LIMITS)
    dataset = dcmread(get_testdata_file("CT_small.dcm", download=False))
    hounsfield = dataset.pixel_array.astype(float) * dataset.RescaleSlope + dataset.RescaleIntercept
    # PS3.3 C.11.2.1.2.1 with level 40 and width 400: black up to -160, white from 239 on.
    expected = np.clip((hounsfield - 39.5) / 399 + 0.5, 0, 1) * 255
    assert np.abs(answer.pixels[:, :, 0] - expected).max() <= 1
    assert float(answer.facts.kept["WindowWidth"]) == 400


def test_linear_window_follows_the_half_unit_of_the_standard() -> None:
    shown = grey(ct_dataset(ramp(start=-1024), WindowCenter=0, WindowWidth=256))
    values = ramp(start=-1024)
    # PS3.3 C.11.2.1.2.1: black up to -128, white above 127; -0.5 is the middle.
    assert shown[values == -128] == 0
    assert shown[values == -127] == 1
    assert shown[values == 0] == 128
    assert shown[values == 127] == 255


def test_rescale_slope_and_intercept_come_before_the_window() -> None:
    stored = ramp(dtype=np.uint16)
    options = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 0, "WindowWidth": 201}
    shown = grey(ct_dataset(stored, **options))
    # 449 stored is -102 units: black; 500 is 0: the middle; 550 is 100: white.
    assert (shown[stored == 449], shown[stored == 550]) == (0, 255)
    assert shown[stored == 500] == 128


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
def test_monochrome1_is_the_negative(dtype: type) -> None:
    stored = (ramp() % 200 - (100 if np.dtype(dtype).kind == "i" else 0)).astype(dtype)
    window = {"WindowCenter": 50, "WindowWidth": 100}
    bright = grey(ct_dataset(stored, **window))
    dark = grey(ct_dataset(stored, **window, PhotometricInterpretation="MONOCHROME1"))
    assert bright.min() == 0
    assert bright.max() == 255
    assert (bright.astype(int) + dark == 255).all()


def test_high_bits_beyond_bits_stored_are_ignored() -> None:
    stored = (ramp(dtype=np.uint16) % 4096).astype(np.uint16)
    options = {"BitsStored": 12, "HighBit": 11, "WindowCenter": 2048, "WindowWidth": 4096}
    dirty = ct_dataset(stored | np.uint16(0xA000), **options)
    assert (grey(dirty) == grey(ct_dataset(stored, **options))).all()


def test_first_of_several_windows_is_used_and_recorded() -> None:
    answer = decoded(ct_dataset(ramp(), WindowCenter=[40, 600], WindowWidth=[400, 1500]))
    assert (answer.facts.kept["WindowCenter"], answer.facts.kept["WindowWidth"]) == ("40", "400")


@pytest.mark.parametrize(
    ("center", "width"), [(50_000, 100), (0, 0), (0, -5), (float("inf"), 10), ("", 400)]
)
def test_useless_window_falls_back_to_percentiles(center: object, width: object) -> None:
    dataset = ct_dataset(ramp(), RescaleType="HU")
    dataset.add_new("WindowCenter", "DS", "" if center == "" else str(center)[:16])
    dataset.add_new("WindowWidth", "DS", str(width))
    shown = grey(dataset)
    assert (shown.min(), shown.max()) == (0, 255)


def test_linear_exact_window_has_no_half_unit() -> None:
    options = {"WindowCenter": 100, "WindowWidth": 100, "VOILUTFunction": "LINEAR_EXACT"}
    shown, values = grey(ct_dataset(ramp(), **options)), ramp()
    assert (shown[values == 50], shown[values == 150]) == (0, 255)
    assert shown[values == 100] == 128


def test_sigmoid_window_bends() -> None:
    options = {"WindowCenter": 100, "WindowWidth": 100, "VOILUTFunction": "SIGMOID"}
    shown, values = grey(ct_dataset(ramp(), **options)), ramp()
    # 255 / (1 + exp(-4 (x - 100) / 100))
    assert [int(shown[values == x][0]) for x in (50, 100, 150)] == [30, 128, 225]


def test_voi_lookup_table_is_used_without_a_window() -> None:
    table = lookup_table([256, 0, 8], list(range(255, -1, -1)))
    dataset = ct_dataset((ramp() % 256).astype(np.uint16), VOILUTSequence=Sequence([table]))
    shown, values = grey(dataset), ramp() % 256
    assert (shown[values == 0] == 255).all()
    assert (shown[values == 200] == 55).all()


def test_modality_lookup_table_replaces_the_slope() -> None:
    table = lookup_table([4, 0, 16], [0, 1000, 2000, 3000])
    table.ModalityLUTType = "US"
    dataset = ct_dataset((ramp() % 4).astype(np.uint16), ModalityLUTSequence=Sequence([table]))
    dataset.WindowCenter, dataset.WindowWidth = 1500.5, 3001
    shown = grey(dataset)
    assert sorted(set(shown.ravel().tolist())) == [0, 85, 170, 255]


def test_padding_does_not_stretch_the_percentiles() -> None:
    stored = np.full((64, 64), -2000, dtype=np.int16)
    stored[16:48, 16:48] = ramp(32) // 4
    shown = grey(ct_dataset(stored, PixelPaddingValue=-2000))
    assert shown[0, 0] == 0
    # Without the rule the body would lie between 220 and 255.
    assert shown[17, 16] < 20
    assert shown[47, 47] == 255


def test_palette_colours_are_looked_up() -> None:
    dataset = ct_dataset((ramp() % 3).astype(np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for colour, values in (("Red", [255, 0, 0]), ("Green", [0, 255, 0]), ("Blue", [0, 0, 128])):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [3, 0, 16])
        data = np.array(values, dtype=np.uint16) * 256
        setattr(dataset, f"{colour}PaletteColorLookupTableData", data.tobytes())
    pixels = decoded(dataset).pixels
    assert pixels[0, :3].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 128]]


@pytest.mark.parametrize(
    ("name", "at", "rgb"),
    [
        ("SC_rgb_rle.dcm", (5, 50), (255, 0, 0)),
        ("SC_rgb_dcmtk_+eb+cy+np.dcm", (5, 50), (254, 0, 0)),
        ("SC_ybr_full_422_uncompressed.dcm", (5, 50), (254, 0, 0)),
        ("SC_rgb_rle_16bit.dcm", (15, 50), (255, 128, 128)),
    ],
)
def test_colours_are_rgb_whatever_they_were(
    name: str, at: tuple[int, int], rgb: tuple[int, int, int]
) -> None:
    dataset = dcmread(get_testdata_file(name, download=False))
    dataset.Modality = "CT"
    pixels = decoded(dataset).pixels
    assert np.abs(pixels[at].astype(int) - rgb).max() <= 1


def test_pixels_that_are_not_square_get_true_proportions() -> None:
    answer = decoded(ct_dataset(ramp(), PixelSpacing=[3.0, 1.5]))
    assert answer.pixels.shape == (128, 64, 3)
    assert answer.facts.notes == ("proportions_corrected",)


@pytest.mark.parametrize("spacing", [[0, 0], [1, 1.001], [1, 400], [-1, 1], [1, 1, 1]])
def test_odd_spacings_leave_the_picture_alone(spacing: list[float]) -> None:
    answer = decoded(ct_dataset(ramp(), PixelSpacing=spacing))
    assert answer.pixels.shape == (64, 64, 3)


def test_large_picture_is_made_smaller() -> None:
    answer = decoded(ct_dataset(np.zeros((2048, 1024), dtype=np.uint8)))
    assert answer.pixels.shape == (1024, 512, 3)
    assert answer.facts.notes == ("made_smaller",)
