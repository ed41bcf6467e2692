"""Series made by code: drawn CT slices that tell their own number, and the zip of a CD."""

import io
import zipfile
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.app.intake.made_files import ct_dataset, file_of, shipped

SERIES = generate_uid()


def drawn_ct(number: int, count: int, size: int = 128, **changes: Any) -> bytes:
    """One axial CT slice in Hounsfield units: a body that is widest in the middle of the series."""
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    width = 0.18 + 0.25 * (1 - abs(2 * number / max(count - 1, 1) - 1))
    body = (x / width) ** 2 + (y / (0.8 * width)) ** 2 < 1
    spine = (x / 0.05) ** 2 + ((y - 0.1) / 0.06) ** 2 < 1
    values = np.where(spine, 600, np.where(body, 40 + 60 * (x > 0), -1000)).astype(np.int16)
    values[0, 0] = number  # a pixel that tells which slice it is
    header: dict[str, Any] = {
        "SeriesInstanceUID": SERIES,
        "InstanceNumber": number + 1,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "BodyPartExamined": "ABDOMEN",
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [-100, -100, 5.0 * number],
        "PixelSpacing": [0.8, 0.8],
        "RescaleSlope": 1,
        "RescaleIntercept": 0,
        "WindowCenter": 40,
        "WindowWidth": 400,
    }
    return file_of(ct_dataset(values, **header | changes))


def drawn_series(count: int, size: int = 128, **changes: Any) -> list[bytes]:
    """The files of one series, in the order of its slices."""
    return [drawn_ct(number, count, size, **changes) for number in range(count)]


def two_people_in_one_series() -> list[bytes]:
    """Real CT slices of two people, out of pydicom's wheel, under one study and one series.

    The wheel holds them at 16 x 16; they are made large enough to be shown.
    """
    folder = "dicomdirtests"
    names = [f"{folder}/77654033/CT2/{name}" for name in ("17106", "17136", "17166")]
    names += [f"{folder}/98892001/CT5N/{name}" for name in ("2062", "2392", "2693")]
    read = [dcmread(io.BytesIO(shipped(name))) for name in names]
    for dataset in read:
        pixels = np.kron(dataset.pixel_array, np.ones((4, 4), dtype=np.int16))
        dataset.PixelData, (dataset.Rows, dataset.Columns) = pixels.tobytes(), pixels.shape
        dataset.StudyInstanceUID = read[0].StudyInstanceUID
        dataset.SeriesInstanceUID = read[0].SeriesInstanceUID
    return [file_of(dataset) for dataset in read]


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip folder with these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as folder:
        for name, data in files.items():
            folder.writestr(name, data)
    return target.getvalue()
