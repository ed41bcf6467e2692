"""How much memory this process holds, for the page of clinic IT."""

import os
from pathlib import Path


def resident_mib() -> int | None:
    """Memory of this process in MiB; None where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1_048_576
