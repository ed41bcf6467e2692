"""Brings text to comparable forms; nothing here decides anything about its meaning."""

# ruff: noqa: RUF001  (the look-alike letters that this file is about)

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from app.guardrail.letters import Letters
from app.guardrail.once import once

# Chinese and Japanese write no spaces, so each of their characters counts as a word.
WORD: Final = re.compile(r"[\u2e80-\u9fff]|[^\W_\u2e80-\u9fff]+")
_ENTITY_OF_AMPERSAND: Final = re.compile(
    r"&(?:(?:amp|#0*38(?!\d)|#x0*26(?![0-9a-f]));?)+", re.IGNORECASE
)
# Letters that a decomposition leaves alone, and Arabic forms that are written either way.
_SINGLES: Final = {
    "ł": "l",
    "ı": "i",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "æ": "ae",
    "œ": "oe",
    "ß": "ss",
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ٱ": "ا",
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "ه",
    "ـ": "",
}
# Unicode TR 39 in spirit, reduced to the letters that look like a Latin one in a sans-serif font.
_LOOK_ALIKES: Final = dict(
    zip(
        "авекмнорстухіјѕԁԛԝһӏѵѡьгпзбάαβεικνορτυχωγδηλμσπθϲϳɑɡʟɪ∂€£†",
        "abekmhopctyxijsdqwhlvwbrn36aabeiknoptuxwydnlmsnocjaglidelt",
        strict=True,
    )
)
_LEET: Final = dict(zip("0134578@$!|+69", "oleastbasiltgg", strict=True))
_LEET_I: Final = dict(zip("0134578@$!|+69", "oieastbasiitgg", strict=True))
_ASCII_LETTERS: Final = {table["1"]: str.maketrans(table) for table in (_LEET, _LEET_I)}
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d")
_LEET_MARK: Final = re.compile(r"[0134578@$!|+69]")
# Years stay as they are: they are cues of the past.
_YEAR_OR_LEET: Final = re.compile(r"\b(?:19|20)\d\d|[0134578@$!|+69]")
_LEET_ONE: Final = re.compile(r"[1!|]")  # stands for an l or an i
_MIXED_WORD: Final = re.compile(r"\b(?!(?:19|20)\d\d)(?=[^\W\d]*\d)\w*[^\W\d_]\w*\b|\b1\b")
_LETTER: Final = re.compile(r"[^\W\d_]")
# A letter or a digit that stands alone, or one letter held ("aaaa"); a CJK sign is a word.
_LONE: Final = (
    r"(?:(?P<{0}>[^\W\d_\u2e80-\U0010ffff])(?P={0}){{2,}}|[^\W_\u2e80-\U0010ffff])"
    r"(?![^\W_\u2e80-\u9fff])"
)
_SPACED: Final = re.compile(
    r"(?<![^\W_\u2e80-\u9fff])"
    + _LONE.format("a")
    + r"(?:(?:_|[^\w\u2e80-\u9fff]){1,4}"
    + _LONE.format("b")
    + r"){3,}"
)
_TWO_LONE: Final = re.compile(r"[\W_]([^\W_])\1*[\W_]{1,4}([^\W_])\2*[\W_]")
_GAP: Final = re.compile(r"(?:_|[^\w\u2e80-\u9fff])+")
_ELONGATED: Final = re.compile(r"([^\d\n])\1{2,}")
_INNER_BREAK: Final = re.compile(r"(?<=[^\W_])[-‐‑_.·•*~^|/\\\s]*[\r\n]+[-\s]*(?=[^\W_])")
_INNER_MARK: Final = re.compile(r"(?<=[^\W\d_])[-‐‑_.·•*~^|\\+=:;,\"']+(?=[^\W\d_])")
_HAS_LOOK_ALIKE: Final = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")
# "can ' t" loses its apostrophe and must not lose its sense.
_CONTRACTED: Final = re.compile(
    r"\b(can|don|won|isn|doesn|didn|aren|couldn|wasn|hasn|haven|wouldn|shouldn) (t)\b"
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{12,4096}={0,2}")
_MAX_DECODED: Final = 400
_LONG: Final = 10_000
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ASCII_APOSTROPHES: Final = dict.fromkeys(map(ord, "'`"), None)
# What folding leaves out or writes otherwise: marks that only change the letter before them (an
# accent, a vowel sign of Hindi), apostrophes, and the single letters above.
_BARE: Final = {
    **{
        char: ""
        for char in map(chr, (*range(0x300, 0x20000), *range(0xE0000, 0xE1000)))
        if unicodedata.category(char).startswith("M")
    },
    **dict.fromkeys("'’‘ʼ`´′＇", ""),
    **_SINGLES,
}
# What decodes to more than itself, and the planes whose letters nobody types.
_WHOLE_ONLY: Final = re.compile("[&\ufe60\uff06\U00020000-\U0010ffff]")


def plain(text: str) -> str:
    """The text with entities decoded, NFKC, without invisible characters; case and lines stay."""
    text = unicodedata.normalize("NFKC", _decode_entities(text))
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else _visible(char) for char in text])


def fold(text: str) -> str:
    """The form in which words are compared: plain, no case, no accents, no apostrophes."""
    return _fold_ascii(text) if text.isascii() else once(("fold", text), lambda: _fold_all(text))


def _fold_all(text: str) -> str:
    """Folds letter by letter where no letter bears on another, else until nothing changes."""
    if _WHOLE_ONLY.search(text):
        return _fold_whole(text)
    # Of letters put together only the parts of Korean syllables still join.
    return unicodedata.normalize("NFC", _FOLDED.change_each(text))


def _fold_whole(text: str) -> str:
    for _ in range(4):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


_FOLDED: Final = Letters(_fold_whole)


def words(folded: str) -> list[str]:
    """The runs of letters and digits of a folded text, in order."""
    return WORD.findall(folded)


def folded_words(text: str) -> Sequence[str]:
    """The words of a text in the form in which they are compared; worked out once a check."""
    return once(("words", text), lambda: words(fold(text)))


def is_hidden(text: str) -> bool:
    """Whether a text holds invisible characters, or one word holds letters of two alphabets."""
    if text.isascii():
        return bool(_CONTROL.search(text))
    for char in () if text.isprintable() else text:
        if char not in "\n\r\t" and unicodedata.category(char) in ("Cf", "Cc", "Co", "Cn"):
            return True
    return any(not word.isascii() and len(_alphabets(word)) > 1 for word in WORD.findall(text))


def view_texts(text: str, *, thorough: bool = True) -> tuple[str, ...]:
    """Every form in which a text is judged: as written, and with the usual disguises undone.

    Of one piece of a long text fewer forms are enough (`thorough` off): its neighbours tell too.
    """
    folded = fold(text)
    lines = " ".join(folded.split())
    hard = _harden(folded)
    joined = _INNER_MARK.sub("", _INNER_BREAK.sub("", folded))
    glued = _harden(joined)
    found = [lines, hard, glued] if thorough else [lines, glued]
    if _HAS_LOOK_ALIKE.search(folded):  # real Cyrillic and Greek must survive the mapping
        found.append(" ".join(join_spaced_letters(joined).split()))
    if _ELONGATED.search(folded):
        found.append(
            " ".join(
                _ELONGATED.sub(lambda match: 2 * match[1], join_spaced_letters(folded)).split()
            )
        )
    if len(text) > _LONG:  # nobody disguises a whole book: the plain and the joined view will do
        return tuple(dict.fromkeys((lines, glued)))
    disguised = (hard, glued) if thorough else (glued,)
    found += [_unleet(view, table) for view in disguised for table in _leet_tables(view)]
    if thorough and _LEET_MARK.search(hard):  # "c4ll 911": a number beside a word stays one
        found.append(_MIXED_WORD.sub(lambda match: _exchange(match[0], _LEET_I), hard))
    return tuple(dict.fromkeys(found))


def _unleet(view: str, letters: Mapping[str, str]) -> str:
    """A view with its digits read as letters, except in years."""
    if view.isascii() and not _YEAR.search(view):
        return view.translate(_ASCII_LETTERS[letters["1"]])
    return _YEAR_OR_LEET.sub(lambda match: letters.get(match[0], match[0]), view)


def squeeze(folded: str) -> str:
    """The text with every letter that stands three times or more in a row written once."""
    return _ELONGATED.sub(lambda match: match[1] if match[1].isalpha() else match[0], folded)


def join_spaced_letters(folded: str) -> str:
    """Joins runs of four or more single letters ("h e l p"); wider gaps stay word borders."""
    return _SPACED.sub(_join_run, folded) if _TWO_LONE.search(folded) else folded


def _join_run(run: re.Match[str]) -> str:
    gaps = _GAP.findall(run[0])
    narrow = min(map(len, gaps))
    joints = ["", *(" " if gap.isspace() and len(gap) > narrow else "" for gap in gaps)]
    return "".join(joint + word[0] for joint, word in zip(joints, words(run[0]), strict=True))


def decoded_texts(text: str) -> tuple[str, ...]:
    """What a text may hide: base64 runs decoded, ROT13, and the text read backwards."""
    found = [codecs.decode(text[:_MAX_DECODED], "rot13"), text[:_MAX_DECODED][::-1]]
    for run in _BASE64.findall(text)[:8]:
        decoded = _from_base64(run)
        if decoded:
            found.append(decoded)
    return tuple(found)


def base64_texts(text: str) -> tuple[str, ...]:
    """The readable texts that stand in a text as base64."""
    return tuple(filter(None, (_from_base64(run) for run in _BASE64.findall(text)[:8])))


def _from_base64(run: str) -> str:
    run = run.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(run + "=" * (-len(run) % 4), validate=True)
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    good = sum(char.isalnum() or char in " .,!?'\n" for char in text)
    return text if len(text) >= 6 and good >= 0.95 * len(text) else ""


def _decode_entities(text: str) -> str:
    for _ in range(4):
        decoded = html.unescape(_ENTITY_OF_AMPERSAND.sub("&", text))
        if decoded == text:
            return text
        text = decoded
    # Still decoding after four rounds is no text that anybody typed.
    return text.replace("&", " ")


def _fold_ascii(text: str) -> str:
    """The fold of plain ASCII, ten times as quick as the general one and equal to it."""
    if "&" in text:
        decoded = _decode_entities(text)
        if not decoded.isascii():
            return fold(decoded)
        text = decoded
    return _CONTROL.sub(" ", text.lower()).translate(_ASCII_APOSTROPHES)


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKD", plain(text).casefold())
    return unicodedata.normalize("NFC", _exchange(text, _BARE))


def _exchange(text: str, letters: Mapping[str, str]) -> str:
    """As str.translate, which is three times as slow on letters that stay."""
    return "".join([letters.get(char, char) for char in text])


def _visible(char: str) -> str:
    if char in "\n\r\t":
        return char
    category = unicodedata.category(char)
    if category in ("Cf", "Co", "Cn", "Cs"):
        return ""
    return " " if category == "Cc" or category.startswith("Z") else char


@cache
def _alphabet(char: str) -> str:
    if not char.isalpha():
        return ""
    name = unicodedata.name(char, "")
    if name.startswith(("MODIFIER", "FULLWIDTH", "MATHEMATICAL", "CIRCLED", "SQUARED")):
        return name.split(" ", 1)[0]
    return name.split(" ", 1)[0]


def _alphabets(word: str) -> set[str]:
    return {_alphabet(char) for char in word} - {""}


def _harden(folded: str) -> str:
    alike = folded if folded.isascii() else _exchange(folded, _LOOK_ALIKES)
    joined = join_spaced_letters(alike)
    hard = squeeze(" ".join(joined.split()))
    return _CONTRACTED.sub(r"\1\2", hard) if " t" in hard else hard


def _leet_tables(view: str) -> tuple[Mapping[str, str], ...]:
    if not (_LEET_MARK.search(view) and _LETTER.search(view)):
        return ()
    return (_LEET, _LEET_I) if _LEET_ONE.search(view) else (_LEET,)
