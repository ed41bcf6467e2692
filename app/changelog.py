"""Which version this is: the first heading of the changelog says so."""

import re
from functools import cache

from app.web.templating import ROOT

_HEADING = re.compile(r"^## (\S+)", re.MULTILINE)


@cache
def version() -> str:
    """The version of this copy; "unknown" where it came without its changelog."""
    try:
        found = _HEADING.search((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    except OSError:
        return "unknown"
    return found[1] if found else "unknown"
