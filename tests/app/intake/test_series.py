"""Many files through the front door: series out of zips, in order, within bounds, or a reason."""

import random
import shutil
import struct
import subprocess
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom.data
import pytest

from app.intake.hounsfield import LEAST, is_packed, unpack, windowed
from app.intake.limits import Limits
from app.intake.reasons import REASONS
from app.intake.receive import Refusal
from app.intake.series import Arrival, Slice, receive_files
from model.pixels import CT_PRESETS
from tests.app.intake.made_files import ct_dataset, file_of, pixels_of, ramp, shipped
from tests.app.intake.made_series import drawn_ct, drawn_series, two_people_in_one_series, zip_of
from tests.builders import png_bytes

MANY_FRAMES = {"NumberOfFrames": 4, "PixelData": ramp(128).tobytes()}
"""Four frames of 64 x 64 in one file."""


def arrived(files: Sequence[bytes], **options: Limits) -> Arrival:
    answer = receive_files(files, **options)
    assert isinstance(answer, Arrival), answer
    return answer


def all_slices(arrival: Arrival, series: int = 0) -> dict[int, Slice]:
    rest = [one for one in arrival.rest if one.series == series]
    return {one.number: one for one in (arrival.series[series].first, *rest)}


def own_number(one: Slice) -> int:
    """The number that the builder wrote into the first pixel."""
    assert one.stored is not None
    return int(unpack(one.stored).stored[0, 0]) + LEAST


def test_shuffled_files_of_a_zip_become_one_series_in_order() -> None:
    files = drawn_series(9)
    random.Random(4).shuffle(files)
    names = {f"CD/IMG{number}": data for number, data in enumerate(files)}
    arrival = arrived([zip_of(names | {"readme.txt": b"Viewer for this CD, version one."})])
    (series,) = arrival.series
    assert (series.count, series.scan.region, series.scan.plane) == (9, "abdomen", "axial")
    slices = all_slices(arrival)
    assert [own_number(slices[number]) for number in range(9)] == list(range(9))


def test_the_first_slice_is_the_one_with_most_to_see() -> None:
    # The body is widest at 60 of 80, within the middle half.
    files = [
        drawn_ct(60 - abs(60 - n), 121, InstanceNumber=n, ImagePositionPatient=[0, 0, n])
        for n in range(80)
    ]
    arrival = arrived([zip_of({str(n): data for n, data in enumerate(files)})])
    assert 50 <= arrival.series[0].first.number <= 60
    arrival.close()


def test_every_window_comes_from_the_same_kept_numbers() -> None:
    arrival = arrived([drawn_ct(0, 1)])
    scan, first = arrival.series[0].scan, arrival.series[0].first
    assert scan.has_windows
    assert first.stored is not None
    assert is_packed(first.stored)
    kept = unpack(first.stored)
    spine, fat_free, air = (80, 64), (64, 50), (5, 5)
    own = windowed(kept)
    assert np.array_equal(own, pixels_of(scan.image_png)[:, :, 0])
    # 40 in the window 40/400: (40 - 39.5) / 399 + 0.5 = 0.5013 -> 128.
    assert (own[fat_free], own[spine], own[air]) == (128, 255, 0)
    bones = windowed(kept, CT_PRESETS["bones"])
    # 600 in 400/1800: (600 - 399.5) / 1799 + 0.5 = 0.6115 -> 156; -1000 lies below -500.
    assert (bones[spine], bones[air]) == (156, 0)
    lungs = windowed(kept, CT_PRESETS["lungs"])
    # -1000 in -600/1500: (-1000 + 600.5) / 1499 + 0.5 = 0.2335 -> 60.
    assert (lungs[air], lungs[spine]) == (60, 255)


def test_two_series_are_two_scans_the_larger_axial_one_first() -> None:
    few = drawn_series(2, SeriesInstanceUID="1.2.3", ImageType=["DERIVED", "SECONDARY"])
    arrival = arrived([*few, *drawn_series(5)])
    assert [series.count for series in arrival.series] == [5, 2]
    arrival.close()


def test_a_long_series_is_thinned_and_says_so() -> None:
    arrival = arrived(drawn_series(12), limits=Limits(max_slices=5))
    assert arrival.series[0].count == 5
    assert "slices_thinned" in arrival.series[0].scan.notes
    assert len(all_slices(arrival)) == 5


def test_a_damaged_slice_is_missing_and_the_others_are_there() -> None:
    files = drawn_series(5)
    files[4] = files[4][: len(files[4]) // 2]
    slices = all_slices(arrived(files))
    assert [slices[number].stored is None for number in range(5)] == [False] * 4 + [True]


def test_a_multi_frame_file_is_a_series() -> None:
    arrival = arrived([file_of(ct_dataset(ramp(128).reshape(4, 64, 64)[0], **MANY_FRAMES))])
    assert [series.count for series in arrival.series] == [4]
    assert len(list(arrival.rest)) == 3


def test_a_photo_beside_dicom_is_an_icon_and_photos_alone_are_scans() -> None:
    with_dicom = arrived([png_bytes(), *drawn_series(2)])
    assert [series.scan.source for series in with_dicom.series] == ["dicom"]
    with_dicom.close()
    photos = arrived([zip_of({"a.png": png_bytes(), "b.png": png_bytes()})])
    assert [series.scan.source for series in photos.series] == ["picture", "picture"]


def test_unsupported_files_are_left_out_and_said() -> None:
    arrival = arrived([*drawn_series(2), shipped("examples_palette.dcm")])
    assert "files_left_out" in arrival.series[0].scan.notes
    arrival.close()


def locked_zip() -> bytes:
    """A zip whose entry says that it is encrypted, in both of its headers."""
    data = bytearray(zip_of({"a.dcm": drawn_ct(0, 1)}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + offset
        struct.pack_into("<H", data, at, 1)
    return bytes(data)


def nested(depth: int) -> bytes:
    data = zip_of({"a.dcm": drawn_ct(0, 1)})
    for _ in range(depth - 1):
        data = zip_of({"inner.zip": data})
    return data


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param([], "empty", id="nothing"),
        pytest.param([b""], "empty", id="an empty file"),
        pytest.param([zip_of({})], "empty", id="an empty zip"),
        pytest.param([zip_of({"a.txt": b"only words in here"})], "not_a_picture", id="words"),
        pytest.param([b"%PDF-1.7 report"], "pdf", id="a report"),
        pytest.param([zip_of({"r.pdf": b"%PDF-1.7 report"})], "pdf", id="a zipped report"),
        pytest.param([locked_zip()], "locked_archive", id="a locked zip"),
        pytest.param([nested(3)], "archive", id="zip in zip in zip"),
        pytest.param([zip_of({"a.dcm": drawn_ct(0, 1)})[:-30]], "broken", id="a cut zip"),
        pytest.param([shipped("DICOMDIR")], "table_of_contents", id="a lone DICOMDIR"),
        pytest.param([shipped("rtplan.dcm")], "no_pixels", id="a plan"),
        pytest.param([b"Rar!\x1a\x07\x00 something"], "archive", id="a rar"),
    ],
)
def test_an_upload_without_a_picture_has_a_reason(files: list[bytes], reason: str) -> None:
    assert receive_files(files) == Refusal(reason)


def test_a_zip_in_a_zip_is_opened() -> None:
    assert arrived([nested(2)]).series[0].count == 1


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zip_of({str(n): bytes(50 * 2**20) for n in range(4)})
    assert len(bomb) < 2**20
    assert receive_files([bomb]) == Refusal("too_large")


def test_too_many_entries_and_too_many_bytes_are_refused() -> None:
    many = zip_of({str(n): b"x" for n in range(30)}, zipfile.ZIP_STORED)
    assert receive_files([many], limits=Limits(max_files=20)) == Refusal("too_large")
    files = drawn_series(3)
    assert receive_files(files, limits=Limits(max_upload_bytes=50_000)) == Refusal("too_large")


def test_names_inside_a_zip_point_nowhere(tmp_path: Path) -> None:
    arrival = arrived([zip_of({"../../../../tmp/evil.dcm": drawn_ct(0, 1), "/etc/x": b"words"})])
    assert arrival.series[0].count == 1
    assert list(tmp_path.iterdir()) == []


def test_a_cd_made_with_dcmmkdir_is_read(tmp_path: Path) -> None:
    if shutil.which("dcmmkdir") is None:
        pytest.skip("dcmtk is not installed")
    folder = tmp_path / "DICOM"
    folder.mkdir()
    needed = {"PatientID": "1", "PatientName": "A^B", "StudyInstanceUID": "1.2.3.4", "StudyID": "1"}
    needed |= {"StudyDate": "20260101", "StudyTime": "120000", "AccessionNumber": "7"}
    for number in range(6):
        data = drawn_ct(number, 6, SeriesNumber=1, FrameOfReferenceUID="1.2.9", **needed)
        (folder / f"IM{number}").write_bytes(data)
    command = ["dcmmkdir", "--no-xfer-check", "-Pfl", "+r", "+id", str(tmp_path), "DICOM"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    names = {
        str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()
    }
    assert "DICOMDIR" in names
    arrival = arrived([zip_of(names)])
    assert [series.count for series in arrival.series] == [6]
    assert "files_left_out" not in arrival.series[0].scan.notes
    arrival.close()


def test_summed_slices_at_the_skull_base_stay_in_their_series() -> None:
    plain = ["ORIGINAL", "PRIMARY", "AXIAL"]
    summed = [drawn_ct(n, 6, ImageType=[*plain, "ADD"]) for n in range(3)]
    arrival = arrived([*summed, *(drawn_ct(n, 6, ImageType=plain) for n in range(3, 6))])
    assert [series.count for series in arrival.series] == [6]
    arrival.close()


def outcome(path: Path) -> str:
    """The reason of a refusal, or "shown" when each slice became something that can be shown."""
    answer = receive_files([path.read_bytes()])
    if isinstance(answer, Refusal):
        return answer.reason
    slices = [*(series.first for series in answer.series), *answer.rest]
    assert len(slices) == sum(series.count for series in answer.series), path.name
    for one in slices:
        assert one.stored is not None, path.name
        grey = windowed(unpack(one.stored)) if is_packed(one.stored) else pixels_of(one.stored)
        assert min(grey.shape[:2]) >= 32, path.name
    return "shown"


def test_two_people_inside_one_series_are_not_taken_as_one() -> None:
    mixed = two_people_in_one_series()
    assert receive_files(mixed) == Refusal("two_patients")
    assert receive_files([zip_of({str(n): one for n, one in enumerate(mixed)})]).reason == (
        "two_patients"
    )
    for of_one in (mixed[:3], mixed[3:]):
        (series,) = arrived(of_one).series
        assert series.count == 3


def test_two_people_are_told_apart_in_different_series_too() -> None:
    files = [*drawn_series(2, PatientID="A-1"), drawn_ct(0, 1, PatientID="B-2", Modality="MR")]
    assert receive_files(files) == Refusal("two_patients")


def test_a_slice_without_a_patient_is_no_part_of_a_series_that_names_one() -> None:
    arrival = arrived([*drawn_series(3, PatientID="A-1"), drawn_ct(7, 9)])
    assert sorted(series.count for series in arrival.series) == [1, 3]
    assert [all_slices(arrival).keys()] == [{0, 1, 2}]


def test_every_file_of_pydicom_gives_slices_or_a_reason() -> None:
    # Only what lies in the wheel: nothing is fetched.
    shipped_files = Path(pydicom.data.__file__).parent / "test_files"
    paths = [path for path in shipped_files.glob("*.dcm") if path.stat().st_size < 2 * 2**20]
    outcomes = Counter(map(outcome, paths))
    assert set(outcomes) <= {"shown", *REASONS} - {"too_slow"}
    # 12 of them: most are plans, reports, ultrasound, or smaller than a picture can be.
    assert outcomes["shown"] >= 12


def test_every_file_of_the_pack_gives_slices_or_a_reason(data_folder: Path) -> None:
    outcomes = {path.name: outcome(path) for path in (data_folder / "dicom").glob("*.dcm")}
    assert outcomes["ct-chest-rle.dcm"] == "shown"
    assert outcomes["seg-liver.dcm"] == "unsupported_modality"
    assert "too_slow" not in outcomes.values()


@pytest.mark.parametrize("name", ["series-ct-head", "series-mr-brain-sagittal"])
def test_a_real_series_is_one_stack_in_order(data_folder: Path, name: str) -> None:
    files = [path.read_bytes() for path in sorted((data_folder / "dicom" / name).glob("*"))]
    random.Random(1).shuffle(files)
    arrival = arrived([zip_of({str(n): data for n, data in enumerate(files)})])
    assert [series.count for series in arrival.series] == [16]
    assert all(one.stored is not None for one in all_slices(arrival).values())
