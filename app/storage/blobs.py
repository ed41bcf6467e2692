"""Blobs: sealed pictures of visits and plain pictures of references, through fsspec."""

from dataclasses import dataclass
from typing import Any

import fsspec

from app.storage.sealed import Vault


class BlobMissing(Exception):
    """A blob that is not there: erased, or never written."""


@dataclass(frozen=True)
class Blobs:
    """A folder of blobs behind an fsspec address (file://, memory://, s3://)."""

    url: str

    def put(self, name: str, data: bytes) -> None:
        """Write a blob whole or not at all."""
        files, root = self._open()
        path = f"{root}/{name}"
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        files.pipe_file(f"{path}.part", data)
        files.mv(f"{path}.part", path)

    def get(self, name: str) -> bytes:
        """The bytes of a blob; raises BlobMissing."""
        files, root = self._open()
        try:
            data: bytes = files.cat_file(f"{root}/{name}")
        except FileNotFoundError:
            raise BlobMissing(name) from None
        return data

    def _open(self) -> tuple[Any, str]:  # Any: fsspec comes without type information
        """The file system and our folder in it; no listings are kept: others write there too."""
        return fsspec.core.url_to_fs(self.url, use_listings_cache=False)  # type: ignore[no-any-return]

    def put_sealed(self, vault: Vault, name: str, data: bytes) -> None:
        """Seal and write; the name is part of the seal, so blobs cannot be swapped."""
        self.put(name, vault.seal(data, f"blob:{name}"))

    def get_sealed(self, vault: Vault, name: str) -> bytes:
        """Read and open; raises BlobMissing or SealBroken."""
        return vault.open(self.get(name), f"blob:{name}")

    def delete_under(self, folder: str) -> None:
        """Remove a folder with all its blobs; nothing there is no error."""
        files, root = self._open()
        if files.exists(f"{root}/{folder}"):
            files.rm(f"{root}/{folder}", recursive=True)

    def folders(self, folder: str) -> list[str]:
        """The names of the folders right below a folder."""
        files, root = self._open()
        if not files.exists(f"{root}/{folder}"):
            return []
        return sorted(str(path).rpartition("/")[2] for path in files.ls(f"{root}/{folder}", False))

    def names(self, folder: str) -> list[str]:
        """The names of the whole blobs right below a folder, in order."""
        return [name for name in self.folders(folder) if not name.endswith(".part")]

    def has(self, name: str) -> bool:
        """Whether there is a blob of this name."""
        files, root = self._open()
        return bool(files.exists(f"{root}/{name}"))

    def delete(self, name: str) -> None:
        """Remove one blob; nothing there is no error."""
        files, root = self._open()
        if files.exists(f"{root}/{name}"):
            files.rm_file(f"{root}/{name}")
