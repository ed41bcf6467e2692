"""The bounds of one file and of one upload of many: bytes, pixels, memory and time."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 2**20


@dataclass(frozen=True)
class Limits:
    """What one file, or one upload, may cost; every number can be lowered for a test.

    A digital chest film has 9 million pixels, a mammogram 14, a telephone photo up to 50. Decoding
    30 million 16-bit pixels peaks at 0.9 GiB. An ordinary slice needs 0.2 s of CPU; the
    limit is far above it, since a busy machine must not refuse a sound file. `cpu_seconds` is what
    stops an endless file; `wall_seconds`, from the moment the process is ready, only ends one that
    sleeps: at a load of 15 a photo of 2 s of CPU takes 30.

    An upload of many files has bounds of its own. `cpu_seconds` and `wall_seconds` then hold for
    one file or slice of it, `upload_cpu_seconds` and `upload_wall_seconds` for all together. A CT
    of the whole body has 1500 slices of 0.5 MB; a zip of CT slices unpacks to 3 times its size,
    rarely 10 times; `max_ratio` counts from 64 MiB on.
    """

    max_bytes: int = 64 * MIB
    max_inflated_bytes: int = 128 * MIB
    max_picture_pixels: int = 50_000_000
    max_frame_pixels: int = 30_000_000
    max_frames: int = 20_000
    min_side: int = 32
    longest_side: int = 1024
    memory_bytes: int = 1024 * MIB
    cpu_seconds: int = 5
    wall_seconds: float = 60.0
    max_upload_bytes: int = 1024 * MIB
    max_files: int = 5000
    max_unpacked_bytes: int = 2048 * MIB
    max_ratio: int = 100
    max_nesting: int = 2
    max_series: int = 12
    max_slices: int = 600
    upload_cpu_seconds: int = 300
    upload_wall_seconds: float = 600.0


DEFAULT_LIMITS: Final = Limits()
"""What the product allows unless a setting says otherwise."""
