"""Cuts the letters of the staff card out of Noto fonts: python -m tests.card_letters FOLDER...

FOLDERs hold NotoSans-Regular.ttf, NotoSansDevanagari-Regular.ttf, NotoSansEthiopic-Regular.ttf and
NotoSansCJK-Regular.ttc (Debian: fonts-noto-core, fonts-noto-cjk). Run after a change of the card.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from app.patient.staff_card import cards

FONTS = Path(__file__).parents[1] / "static" / "fonts"
SOURCES = {
    "latin": ("NotoSans-Regular.ttf", ("vi",)),
    "cyrillic": ("NotoSans-Regular.ttf", ("uk", "ru")),
    "devanagari": ("NotoSansDevanagari-Regular.ttf", ("hi",)),
    "ethiopic": ("NotoSansEthiopic-Regular.ttf", ("ti",)),
    "chinese": ("NotoSansCJK-Regular.ttc", ("zh",)),
}
SIMPLIFIED = 2
"""The face of NotoSansCJK-Regular.ttc for simplified Chinese."""


def letters_of(languages: tuple[str, ...]) -> str:
    """Every letter of these languages' cards."""
    found = {one.code: one for one in cards("en")}
    return "".join(found[code].own_name + found[code].says for code in languages)


def cut(source: Path, target: Path, letters: str) -> None:
    """Write the few letters as a small font."""
    options = subset.Options(flavor="woff2", layout_features=["*"], name_IDs=[0, 1, 2, 13, 14])
    if source.suffix == ".ttc":
        options.font_number = SIMPLIFIED
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def letters_in(font: Path) -> set[int]:
    """The characters that a font has."""
    return set(TTFont(font).getBestCmap())


def main() -> None:
    """Cut them all."""
    for name, (file, languages) in SOURCES.items():
        (source,) = [found for folder in sys.argv[1:] for found in Path(folder).rglob(file)][:1]
        target = FONTS / f"noto-sans-card-{name}.woff2"
        cut(source, target, letters_of(languages))
        sys.stdout.write(f"{target.name} {target.stat().st_size}\n")


if __name__ == "__main__":
    main()
