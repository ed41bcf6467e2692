"""Which version of the policy its files are: each version names the digest it belongs to."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.guardrail.yamlfile import Mistakes, check_keys, mapping, read_yaml, text

VERSIONS: Final = "versions.yaml"
_POLICY: Final = (".yaml", ".npz")


@dataclass(frozen=True)
class Version:
    """One version: its name, the digest of its files, what got stricter or looser."""

    name: str
    digest: str
    change: str


def read_versions(folder: Path, mistakes: Mistakes) -> list[Version]:
    """Every version of a policy folder, the newest first; one without a name when there is none."""
    part = mapping(read_yaml(folder / VERSIONS, mistakes), mistakes).get("versions")
    found = []
    for item in part.value if part and isinstance(part.value, list) else ():
        keys = check_keys(
            item, needed=("version", "digest", "change"), allowed=(), mistakes=mistakes
        )
        found.append(
            Version(*(text(keys.get(key), mistakes) for key in ("version", "digest", "change")))
        )
    if not found:
        mistakes.add(folder / VERSIONS, 1, "holds no version")
    return found or [Version("", "", "")]


def digest_of(folder: Path, clinic_file: Path | None = None) -> str:
    """SHA-256 over all policy files but the list of versions, by name, and the clinic's own."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*.*")):
        if file.name != VERSIONS and file.suffix in _POLICY:
            total.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    if clinic_file:
        total.update(b"clinic\0" + clinic_file.read_bytes())
    return total.hexdigest()
