"""Smoke over all pages that need no visit, in all languages, and over what they load."""

import gzip
import html
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.i18n import LANGUAGES, direction
from app.main import make_app
from tests.builders import open_test_house

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return open_test_house(tmp_path_factory.mktemp("web") / "var")


@pytest.mark.parametrize("path", ["/", "/gallery", "/nothing"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_the_chosen_language(house: House, path: str, language: str) -> None:
    client = TestClient(make_app(house))
    client.post("/language", data={"language": language, "back": "/"})
    text = html.unescape(client.get(path).text)
    assert f'<html lang="{language}" dir="{direction(language)}">' in text
    for key in ("ai_line", "companion", "intended_purpose"):
        assert house.guard.fixed(key, language) in text


def test_everything_a_page_loads_comes_from_this_house(house: House) -> None:
    client = TestClient(make_app(house))
    page = client.get("/")
    loaded = re.findall(r'(?:href|src)="([^"#]+)"', page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


def test_the_start_page_is_light(house: House) -> None:
    """At most 150 kB compressed on a cold load, fonts apart; measured over all it names."""
    client = TestClient(make_app(house))
    page = client.get("/")
    loaded = set(re.findall(r'(?:href|src)="(/(?:static|clinic)/[^"#]+)"', page.text))
    bodies = [page.content, *(client.get(one).content for one in loaded if "woff" not in one)]
    assert len(bodies) > 4
    assert sum(len(gzip.compress(body)) for body in bodies) < 150_000


def test_style_sheets_load_nothing_from_elsewhere_and_every_font_is_there() -> None:
    for sheet in (ROOT / "static" / "css").glob("*.css"):
        for address in re.findall(r'url\("([^"]+)"\)', sheet.read_text(encoding="utf-8")):
            assert not address.startswith(("http", "//", "data:")), address
            assert (sheet.parent / address).resolve().is_file(), address


def test_the_manifest_names_what_is_here(house: House) -> None:
    client = TestClient(make_app(house))
    page = client.get("/")
    (address,) = re.findall(r'rel="manifest" href="([^"]+)"', page.text)
    manifest = client.get(address).json()
    assert manifest["display"] == "standalone"
    assert client.get(manifest["start_url"]).status_code == 200
    assert manifest["start_url"].startswith(manifest["scope"])
    for icon in manifest["icons"]:
        assert client.get(icon["src"]).headers["content-type"].startswith(icon["type"])
    assert "manifest-src 'self'" in page.headers["content-security-policy"]


def test_fonts_come_with_their_licence() -> None:
    fonts = ROOT / "static" / "fonts"
    for family in ("atkinson-hyperlegible-next", "noto-sans-arabic"):
        assert "SIL Open Font License" in (fonts / f"OFL-{family}.txt").read_text(encoding="utf-8")
        assert list(fonts.glob(f"{family}*.woff2"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(theme: str) -> None:
    sheet = (ROOT / "static" / "css" / "base.css").read_text(encoding="utf-8")
    block = sheet.split(":root {")[1 if theme == "light" else 2].split("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    pairs = [
        ("ink", "paper"),
        ("ink", "surface"),
        ("ink-soft", "paper"),
        ("ink-soft", "surface"),
        ("ink-soft", "surface-soft"),
        ("primary", "surface"),
        ("primary", "paper"),
        ("on-primary", "primary"),
        ("ink", "primary-soft"),
        ("ink", "honey-soft"),
        ("plum", "plum-soft"),
        ("moss", "moss-soft"),
    ]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["line-strong"], colours["surface"]) >= 3


def contrast(first: str, second: str) -> float:
    """WCAG 2.2, 1.4.3: the ratio of two relative luminances."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
