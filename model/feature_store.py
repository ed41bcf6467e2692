"""Vision features of the pictures asked about lately, the oldest dropped beyond a byte limit."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

DEFAULT_LIMIT_BYTES: Final = 256 << 20
"""About 64 pictures at 448 px of the full size (1,024 x 2,048 numbers in bfloat16, 4 MiB each)."""


@dataclass(frozen=True)
class FeatureKey:
    """A picture and the adapter whose vision layers it went through (None: the base's own)."""

    image_digest: str
    adapter: str | None


class FeatureStore:
    """Tensors [T, D] by picture, bounded by bytes; the least recently used one goes first."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        """Start empty."""
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[FeatureKey, Any] = OrderedDict()
        self.used_bytes = 0

    def get(self, key: FeatureKey) -> Any | None:
        """The features of this picture, or None when they are not kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: FeatureKey, features: Any) -> None:
        """Keep these features unless they alone are beyond the limit; a picture needs a digest."""
        if not key.image_digest or features.nbytes > self._limit_bytes:
            return
        self._drop(key)
        self._kept[key] = features
        self.used_bytes += features.nbytes
        while self.used_bytes > self._limit_bytes:
            self._drop(next(iter(self._kept)))

    def forget(self, image_digest: str) -> None:
        """Drop everything that was made from this picture."""
        for key in [key for key in self._kept if key.image_digest == image_digest]:
            self._drop(key)

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self.used_bytes = 0

    def _drop(self, key: FeatureKey) -> None:
        if key in self._kept:
            self.used_bytes -= self._kept.pop(key).nbytes
