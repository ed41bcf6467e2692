"""12-bit JPEG through DCMTK's dcmdjpeg where the machine has it; runs in the disposable process.

The wheels here read every other compression; this one program reads what they cannot. It inherits
the limits of the process that starts it and sees one frame, without any identifier.
"""

import mmap
import os
import struct
import subprocess
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import UID, SecondaryCaptureImageStorage

from app.intake import room
from app.intake.frames import whole_number
from app.intake.reasons import Refused

_SECONDS: Final = 5
_COPIED: Final = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def decoded(dataset: Dataset, syntax: str, index: int) -> NDArray[Any]:
    """One frame as stored: uint16[H, W], or uint8 with channels.

    Raises:
        Refused: ``unsupported_format`` without the program, ``broken`` where it finds damage.
    """
    handle = room.handle()
    if handle is None:
        raise Refused("unsupported_format")
    frames = max(1, whole_number(dataset, "NumberOfFrames", default=1))
    packed = _one_frame(
        dataset, syntax, get_frame(dataset.PixelData, index, number_of_frames=frames)
    )
    padding = room.SIZE - len(packed) - 12
    if padding < 0:
        raise Refused("too_large")
    with mmap.mmap(handle, room.SIZE) as whole:
        # The file keeps its size, so what lies behind the data set is declared as padding.
        whole[: len(packed) + 12] = packed + struct.pack(
            "<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, padding
        )
    plain = _run(handle)
    try:
        return np.asarray(dcmread(BytesIO(plain)).pixel_array)
    except Exception:
        # Whatever the program wrote is not believed more than the file itself.
        raise Refused("broken") from None


def _one_frame(dataset: Dataset, syntax: str, frame: bytes) -> bytes:
    """A file of this one frame and its layout, nothing else of the data set."""
    single = Dataset()
    single.file_meta = FileMetaDataset()
    single.file_meta.TransferSyntaxUID = UID(syntax)
    single.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    single.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    single.SOPClassUID, single.SOPInstanceUID = SecondaryCaptureImageStorage, UID("2.25.1")
    for keyword in _COPIED:
        if keyword in dataset:
            setattr(single, keyword, dataset[keyword].value)
    single.PixelData = encapsulate([frame])
    single["PixelData"].VR = "OB"
    target = BytesIO()
    single.save_as(target, enforce_file_format=True)
    return target.getvalue()


def _run(handle: int) -> bytes:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        ended = subprocess.run(
            [room.PROGRAM, "-q", "+cn", f"/proc/self/fd/{handle}", "/dev/stdout"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(handle,),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused("too_slow") from None
    if ended.returncode != 0:
        raise Refused("broken")
    return ended.stdout
