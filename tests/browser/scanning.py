"""What a telephone reads from the square on a page: a QR of version 5 with correction M, no more.

ISO/IEC 18004: format bits 7.9, masks 7.8.2, placing 7.7.3, two blocks of 43 data words 7.5.1.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

SIDE = 37
BLOCKS, WORDS = 2, 43
MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, j: i % 2 == 0,
    lambda i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: i * j % 2 + i * j % 3 == 0,
    lambda i, j: (i * j % 2 + i * j % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + i * j % 3) % 2 == 0,
)


def read_square(screenshot: bytes) -> str:
    """The text in a picture of the square on white ground."""
    modules = _modules(screenshot)
    format_bits = [*modules[8, [0, 1, 2, 3, 4, 5, 7, 8]], *modules[[7, 5, 4, 3, 2, 1, 0], 8]]
    word = int("".join(str(int(bit)) for bit in format_bits), 2) ^ 0x5412
    assert word >> 13 == 0, "correction M"
    bits = _bits(modules, MASKS[word >> 10 & 7])
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    data = [words[at] for block in range(BLOCKS) for at in range(block, BLOCKS * WORDS, BLOCKS)]
    stream = "".join(f"{one:08b}" for one in data)
    assert stream[:4] == "0100", "bytes"
    length = int(stream[4:12], 2)
    return bytes(int(stream[12 + 8 * at : 20 + 8 * at], 2) for at in range(length)).decode()


def _modules(screenshot: bytes) -> np.ndarray:
    """bool[37, 37]: where the square is dark."""
    dark = np.asarray(Image.open(io.BytesIO(screenshot)).convert("L")) < 128
    rows, columns = (np.flatnonzero(dark.any(axis=axis)) for axis in (1, 0))
    dark = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    corner = int(np.argmin(dark[0])) / 7  # the pattern in a corner is seven cells wide
    assert round(dark.shape[0] / corner) == SIDE, "version 5"
    middles = ((np.arange(SIDE) + 0.5) * dark.shape[0] / SIDE).astype(int)
    return dark[np.ix_(middles, middles)]


def _bits(modules: np.ndarray, mask: Callable[[int, int], bool]) -> str:
    """All data bits in the order in which they were placed: two columns at a time, up and down."""
    taken = np.zeros((SIDE, SIDE), bool)
    taken[:9, :9] = taken[:9, -8:] = taken[-8:, :9] = True
    taken[6, :] = taken[:, 6] = True
    taken[28:33, 28:33] = True  # the alignment pattern of version 5
    found, is_up = [], True
    for right in [*range(SIDE - 1, 6, -2), 5, 3, 1]:
        for row in range(SIDE - 1, -1, -1) if is_up else range(SIDE):
            for column in (right, right - 1):
                if not taken[row, column]:
                    found.append(str(int(modules[row, column] ^ mask(row, column))))
        is_up = not is_up
    return "".join(found)
