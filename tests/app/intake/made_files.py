"""Files made by code for the intake tests: small DICOM files, pictures, and hostile headers."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

PNG_MARK = b"\x89PNG\r\n\x1a\n"


def shipped(name: str) -> bytes:
    """A file out of the pydicom wheel; never a download."""
    path = get_testdata_file(name, download=False)
    assert path is not None, f"{name} is not in the wheel"
    with open(path, "rb") as file:
        return file.read()


def ct_dataset(stored: np.ndarray, **changes: Any) -> Dataset:
    """A CT slice with these stored numbers; a change to None takes an attribute away."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.Modality, dataset.SamplesPerPixel = "CT", 1
    dataset.Rows, dataset.Columns = stored.shape[:2]
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * stored.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes()
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def file_of(dataset: Dataset) -> bytes:
    """The data set as a Part 10 file."""
    target = BytesIO()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", CTImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3")
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def ramp(size: int = 64, dtype: Any = np.int16, start: int = 0) -> np.ndarray:
    """Stored numbers that grow by one from pixel to pixel, row by row."""
    return np.arange(start, start + size * size).reshape(size, size).astype(dtype)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def png_declaring(width: int, height: int, *extra: bytes) -> bytes:
    """A PNG file that promises this size and holds a few bytes of it."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return PNG_MARK + header + b"".join(extra) + body + png_chunk(b"IEND", b"")


def jpeg_declaring(width: int, height: int, scans: int = 1) -> bytes:
    """A JPEG file that promises this size and this many scans."""
    sof = b"\xff\xc2\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + b"\x12\x34"
    return b"\xff\xd8" + sof + scan * scans + b"\xff\xd9"


def picture_bytes(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    target = BytesIO()
    picture.save(target, file_format, **options)
    return target.getvalue()


def pixels_of(png: bytes) -> np.ndarray:
    """uint8[H, W, 3] RGB of a PNG file."""
    with Image.open(BytesIO(png)) as opened:
        return np.array(opened.convert("RGB"))
