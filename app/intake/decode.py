"""The disposable process: bounded, reads one upload on stdin, writes one answer on stdout, ends.

Started by app.intake.process and by nobody else. Native decoders meet hostile bytes here, so
everything this process may do is limited before the first byte is read.
"""

import os
import resource
import sys
from contextlib import suppress
from importlib import import_module
from typing import BinaryIO

from app.intake.reasons import Refused
from app.intake.room import make_room
from app.intake.wire import READY, Decoded, Order, pack_decoded, pack_refusal, unpack_order

_MAX_OPEN_FILES = 64


def main() -> None:
    """Decode what stands on stdin; every outcome but a crash is an answer on stdout."""
    answers = private_stdout()
    memory_bytes, cpu_seconds = (int(value) for value in sys.argv[1:3])
    make_room()
    bound(memory_bytes, cpu_seconds)
    message = sys.stdin.buffer.read()
    _load_decoder(message)
    answers.write(READY)
    answers.flush()
    answers.write(_answer(message))
    answers.flush()
    # A native library may hang or crash while it is torn down; the answer is already out.
    os._exit(0)


def private_stdout() -> BinaryIO:
    """A handle of our own on stdout; what libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


def bound(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process for good, before it meets a byte of an upload."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_OPEN_FILES, _MAX_OPEN_FILES))
    # No file may be written and no core left behind: both would hold pixels and names.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(message: bytes) -> bytes:
    try:
        return pack_decoded(_decoded(*unpack_order(message)))
    except Refused as refused:
        return pack_refusal(refused.reason)
    except MemoryError:
        return pack_refusal("too_large")
    except Exception:
        # The one broad catch: decoders meet hostile bytes and raise anything at all, and a
        # trace would carry attribute values. The reason key is all that may leave.
        return pack_refusal("broken")


def _decoded(order: Order, data: bytes) -> Decoded:
    # Imported by need: the DICOM half costs 0.15 s that a photo should not pay, and vice versa.
    if order.format == "dicom":
        from app.intake.dicom import decode_dicom

        return decode_dicom(data, order.limits, delivered=order.delivered)
    from app.intake.picture import decode_picture

    return decode_picture(data, order.format, order.limits, covers_writing=order.covers_writing)


def _load_decoder(message: bytes) -> None:
    """Import what this order will need: a slow start of a busy machine is not the file's."""
    with suppress(Exception):  # whatever is wrong, _answer meets it again and says it
        order, _ = unpack_order(message)
        import_module("app.intake.dicom" if order.format == "dicom" else "app.intake.picture")


if __name__ == "__main__":
    main()
