"""What patients may send: plain texts, cut to a bound where they are used."""

from typing import Annotated, Final

from fastapi import Form

MAX_CODE_CHARS: Final = 64
MAX_LISTED_CHARS: Final = 500
"""A line of the list that is longer is cut: it is to be read aloud in a consultation."""
MAX_LISTED: Final = 60

Typed = Annotated[str, Form()]
"""Any text; a form that sends nonsense gets the page again, never a list of errors."""
