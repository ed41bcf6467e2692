"""The folder of a clinic as it lies on disk: read when it changes, written whole or not at all."""

import os
import re
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.clinicfolder.contents import Clinic, read_clinic
from app.guardrail.check import Guard
from app.guardrail.yamlfile import Mistakes, PolicyError
from app.i18n import offered_languages
from app.report.template import template_mistakes

CLINIC: Final = "clinic.yaml"
POLICY: Final = "policy.yaml"
LOGO: Final = "logo.png"
TEMPLATE: Final = "templates/report.html"
FILES: Final = (CLINIC, POLICY, LOGO, TEMPLATE)
EARLIER: Final = "earlier"
_KEPT_NAME: Final = re.compile(
    r"\d{8}-\d{6}-\d{6}-(clinic\.yaml|policy\.yaml|logo\.png|report\.html)"
)
Stamp = tuple[tuple[int, int], ...]
"""Moment of change and size of each of FILES; zeros for one that is not there."""


@dataclass(frozen=True)
class Opened:
    """A whole and valid reading of the folder; None and "" where a file is not there."""

    clinic: Clinic
    guard: Guard
    logo: bytes | None
    template: str = ""


@dataclass
class ClinicFolder:
    """Gives the folder's newest valid reading to every request; keeps the last good one.

    `mistakes` says what is wrong on disk when somebody broke a file by hand while this runs.
    """

    path: Path
    defaults: Clinic
    structures: Collection[str]
    mistakes: tuple[str, ...] = ()
    _stamp: Stamp | None = None
    _opened: Opened | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def now(self) -> Opened:
        """The newest valid reading; raises PolicyError when there was never one."""
        stamp = tuple(_stamp(self.path / name) for name in FILES)
        with self._lock:
            if stamp != self._stamp or self._opened is None:
                self._read(stamp)
            assert self._opened is not None
            return self._opened

    @property
    def clinic(self) -> Clinic:
        """What the clinic decided for itself."""
        return self.now.clinic

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that this clinic offers; English always."""
        off = self.clinic.languages_off
        return tuple(code for code in offered_languages() if code not in off)

    def text_of(self, name: str) -> str:
        """A file of the folder as it stands; empty when there is none."""
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _read(self, stamp: Stamp) -> None:
        try:
            clinic = self.checked_clinic(self.path / CLINIC)
            policy = self.path / POLICY
            guard = Guard.load(policy if policy.exists() else None)
            template = self._checked_template()
        except PolicyError as error:
            if self._opened is None:
                raise
            self.mistakes = error.mistakes
        else:
            self._opened, self.mistakes = Opened(clinic, guard, self._logo(), template), ()
        self._stamp = stamp

    def checked_clinic(self, file: Path) -> Clinic:
        """What a clinic.yaml says; raises PolicyError with every mistake in it."""
        if not file.exists() or not file.read_text(encoding="utf-8").strip():
            return self.defaults
        mistakes = Mistakes()
        clinic = read_clinic(file, self.defaults, self.structures, mistakes)
        if mistakes.found:
            raise PolicyError(mistakes.found)
        return clinic

    def _checked_template(self) -> str:
        text = self.text_of(TEMPLATE)
        mistakes = template_problems(text)
        if mistakes:
            raise PolicyError(mistakes)
        return text

    def _logo(self) -> bytes | None:
        logo = self.path / LOGO
        return logo.read_bytes() if logo.exists() else None


def template_problems(text: str) -> tuple[str, ...]:
    """Every mistake of a report template as "file:line: what is wrong"; an empty one has none."""
    name = Path(TEMPLATE).name
    return tuple(f"{name}:{line}: {what}" for line, what in template_mistakes(text) if text)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def write(folder: Path, name: str, data: bytes | None) -> None:
    """Put a file in its place at once, or take it away; what was there is kept as an earlier one.

    Raises:
        ValueError: the name is none of FILES.
    """
    if name not in FILES:
        raise ValueError(name)
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        (folder / EARLIER).mkdir(exist_ok=True)
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        (folder / EARLIER / f"{moment}-{file.name}").write_bytes(file.read_bytes())
    if data is None:
        file.unlink(missing_ok=True)
        return
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def earlier(folder: Path, name: str) -> list[str]:
    """The names of what a file was before, newest first."""
    kept = folder / EARLIER
    if not kept.is_dir():
        return []
    found = [p.name for p in kept.iterdir() if _KEPT_NAME.fullmatch(p.name)]
    return sorted((one for one in found if one.endswith(f"-{Path(name).name}")), reverse=True)


def read_earlier(folder: Path, kept: str) -> bytes | None:
    """An earlier file by its name, or None; no other name leads anywhere."""
    file = folder / EARLIER / kept
    return file.read_bytes() if _KEPT_NAME.fullmatch(kept) and file.is_file() else None
