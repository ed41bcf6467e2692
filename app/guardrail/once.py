"""Remembers for the length of one check what was worked out for a text, and forgets it then."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

_memory: Final[ContextVar[dict[Hashable, Any] | None]] = ContextVar("memory", default=None)


@contextmanager
def one_check() -> Iterator[None]:
    """While it lasts, `once` remembers; at its end no word of the text is kept."""
    before = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(before)


def once(key: Hashable, work: Callable[[], Result]) -> Result:
    """What `work` gives, asked for at most once a key within a check; outside of one, each time."""
    memory = _memory.get()
    if memory is None:
        return work()
    if key not in memory:
        memory[key] = work()
    found: Result = memory[key]
    return found
