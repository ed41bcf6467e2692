"""Takes away what the render process does not need: network, other programs, files, memory.

Two layers. In Python, an audit hook that cannot be removed refuses sockets, programs, and opening
files outside the few folders that hold code and fonts. In the kernel, where it knows them (Linux
on x86-64 and arm64), a seccomp filter refuses socket and execve to native code as well, Landlock
lets only those folders be read and nothing be written, and a network namespace holds no network.
Limits of memory, processor time and file size hold everywhere.

Source: prctl(2), seccomp(2), landlock(7), unshare(2).
"""

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MEMORY_BYTES: Final = 1024 * 2**20
FORBIDDEN_EVENTS: Final = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "os.fork",
    "ctypes.dlopen",
)
SYSTEM_PLACES: Final = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/var/cache/fontconfig",
)

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_REFUSE: Final = 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
_ALLOW: Final = 0x7FFF0000
# Per machine: audit architecture, then the numbers of socket, socketpair, execve, execveat and
# io_uring_setup, which could open sockets too.
_SYSCALLS: Final = {
    "x86_64": (0xC000003E, (41, 53, 59, 322, 425)),
    "aarch64": (0xC00000B7, (198, 199, 221, 281, 425)),
}
_X32_BIT: Final = 0x40000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_FS_ALL_VERSION_1: Final = (1 << 13) - 1
_FS_READ_FILE, _FS_READ_DIR = 0b0100, 0b1000


def limit(cpu_seconds: int) -> None:
    """Bound memory, processor time, written bytes and core files of this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def leave_network() -> bool:
    """Move into a network of nobody, where this system allows it; only before the first thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def confine(readable: Sequence[Path]) -> tuple[str, ...]:
    """Shut this process in, for good; gives the layers that hold ("audit", "seccomp", …).

    Args:
        readable: folders that stay readable beside the system's; everything needed from other
            places must be imported or read before.
    """
    folders = [folder.resolve() for folder in (*map(Path, SYSTEM_PLACES), *readable)]
    libc = ctypes.CDLL(None, use_errno=True)
    held = ["audit"]
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        if _landlock(libc, [folder for folder in folders if folder.exists()]):
            held.append("landlock")
        if _seccomp(libc):
            held.append("seccomp")
    _audit([str(folder) for folder in folders])
    return tuple(held)


def _audit(folders: list[str]) -> None:
    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(FORBIDDEN_EVENTS):
            raise PermissionError(f"the render process may not use {event}")
        if event == "open" and isinstance(arguments[0], str | bytes):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if not any(path == folder or path.startswith(f"{folder}/") for folder in folders):
                raise PermissionError("the render process may not open this file")

    sys.addaudithook(refuse)


def _seccomp(libc: ctypes.CDLL) -> bool:
    known = _SYSCALLS.get(platform.machine())
    if known is None or sys.platform != "linux":
        return False
    architecture, numbers = known
    refuse_at = 5 + len(numbers)
    program = [
        (0x20, 0, 0, 4),  # load the architecture
        (0x15, 0, refuse_at - 2, architecture),  # another one: refuse everything
        (0x20, 0, 0, 0),  # load the number of the call
        (0x35, refuse_at - 4, 0, _X32_BIT),  # the second numbering of x86-64
        *((0x15, refuse_at - 5 - i, 0, number) for i, number in enumerate(numbers)),
        (0x06, 0, 0, _ALLOW),
        (0x06, 0, 0, _REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0)


def _landlock(libc: ctypes.CDLL, folders: Sequence[Path]) -> bool:
    rules = ctypes.create_string_buffer(struct.pack("=Q", _FS_ALL_VERSION_1), 8)
    handle = libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(8), 0)
    if handle < 0:  # an older kernel, or switched off
        return False
    try:
        for folder in folders:
            place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            rights = _FS_READ_FILE | (_FS_READ_DIR if folder.is_dir() else 0)
            rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12)
            libc.syscall(_LANDLOCK_ADD, handle, 1, rule, 0)
            os.close(place)
        return bool(libc.syscall(_LANDLOCK_RESTRICT, handle, 0) == 0)
    finally:
        os.close(handle)
