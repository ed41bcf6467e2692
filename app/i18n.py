"""Languages of the pages: which there are, how they run, and their gettext words."""

import io
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "nl", "de", "fr", "es", "tr", "ar", "pl")
LOCALES = Path(__file__).parent / "locales"


@cache
def offered_languages() -> tuple[str, ...]:
    """English, and every language that has a catalogue of page words."""
    return tuple(code for code in LANGUAGES if code == "en" or _catalogue(code).exists())


@cache
def words_of(language: str) -> NullTranslations:
    """The page words of a language; English words where it has none."""
    if language == "en" or not _catalogue(language).exists():
        return NullTranslations()
    with _catalogue(language).open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def direction(language: str) -> str:
    """'rtl' or 'ltr'."""
    return str(Locale.parse(language).text_direction)


def own_name(language: str) -> str:
    """What a language calls itself."""
    name = Locale.parse(language).get_display_name(language) or language
    return str(name[:1].upper() + name[1:])


def _catalogue(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"
