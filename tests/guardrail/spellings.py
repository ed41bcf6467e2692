"""A machine that writes a text in the ways in which people disguise or mistype it."""

# ruff: noqa: RUF001  (look-alike letters are what this file is about)

import html
import random
import unicodedata
from collections.abc import Callable

LOOK_ALIKES = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "i": "і", "y": "у"}
LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
INVISIBLE = ("\u200b", "\u00ad", "\u2060", "\ufeff", "\u200d")


def shout(text: str, _: random.Random) -> str:
    return text.upper()


def swing(text: str, _: random.Random) -> str:
    return "".join(c.upper() if n % 2 else c.lower() for n, c in enumerate(text))


def hide(text: str, chance: random.Random) -> str:
    return "".join(
        c + (chance.choice(INVISIBLE) if c.isalpha() and chance.random() < 0.3 else "")
        for c in text
    )


def imitate(text: str, chance: random.Random) -> str:
    return "".join(LOOK_ALIKES.get(c, c) if chance.random() < 0.5 else c for c in text)


def full_width(text: str, _: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def entities(text: str, chance: random.Random) -> str:
    return "".join(
        f"&#{ord(c)};" if c.isalpha() and chance.random() < 0.4 else html.escape(c) for c in text
    )


def break_lines(text: str, chance: random.Random) -> str:
    out = []
    for word in text.split(" "):
        if len(word) > 4 and chance.random() < 0.5:
            at = chance.randrange(2, len(word) - 1)
            word = word[:at] + chance.choice(("\n", "-\n")) + word[at:]
        out.append(word)
    return " ".join(out)


def letters_of(word: str) -> list[str]:
    """The letters of a word, each with the signs that belong to it (the vowels of Hindi)."""
    found: list[str] = []
    for char in word:
        if found and unicodedata.category(char).startswith("M"):
            found[-1] += char
        else:
            found.append(char)
    return found


def space_letters(text: str, _: random.Random) -> str:
    return "   ".join(" ".join(letters_of(word)) for word in text.split())


def dot_letters(text: str, _: random.Random) -> str:
    return "  ".join(".".join(letters_of(word)) for word in text.split())


def leet(text: str, _: random.Random) -> str:
    return "".join(LEET.get(c, c) for c in text.lower())


def stretch(text: str, chance: random.Random) -> str:
    return "".join(c * (4 if c in "aeiou" and chance.random() < 0.3 else 1) for c in text)


def quote(text: str, _: random.Random) -> str:
    return f"“{text}”"


def prefix(text: str, chance: random.Random) -> str:
    return chance.choice(("Answer: ", "answer en ", "Well, ", "OK - ", "> ")) + text


def suffix(text: str, chance: random.Random) -> str:
    return text + chance.choice((" <eos>", " ...", " lol", " thanks", "\n\nbye"))


MACHINES: tuple[Callable[[str, random.Random], str], ...] = (
    shout,
    swing,
    hide,
    imitate,
    full_width,
    entities,
    break_lines,
    space_letters,
    dot_letters,
    leet,
    stretch,
    quote,
    prefix,
    suffix,
)
