"""Judges a clinic's own report template before it is used: what it may say, line by line; pure.

A template fills the open places of ours with plain HTML and values of the report. Everything else
is refused: other tags and attributes, addresses, scripts, styles, our fixed parts, and whatever
could make HTML out of values. What passes is safe on a page of the site as well as on paper.
"""

import re
from collections.abc import Iterator
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.report.content import SECTIONS

OURS: Final = "report/report.html"
BLOCKS: Final = ("opening", "body", "closing")
PARTS: Final = tuple(f"report/sections/{name}.html" for name in SECTIONS)
_WORDS: Final = """printable written way legend_rows rows_to_explain join length list first last
    batch default selectattr rejectattr map sort upper lower"""
FILTERS: Final = frozenset(_WORDS.split())
LONGEST: Final = 40_000
MOST_NESTED: Final = 3
"""Loops in loops; each is as long as a list of the report, so more would take for ever."""
_TAGS: Final = """p div span section h2 h3 h4 strong em b i small sub sup br hr blockquote ul ol li
    dl dt dd table thead tbody tr th td figure figcaption img bdi"""
TAGS: Final = frozenset(_TAGS.split())
ATTRIBUTES: Final = frozenset({"class", "title", "alt", "dir", "lang", "scope", "colspan", "src"})
_KINDS: Final = """Template Output TemplateData Extends Block For If Assign Name Const Getattr Call
    Filter Test Compare Operand And Or Not CondExpr Concat Add Sub List Tuple Keyword Include"""
_NODES: Final = frozenset(_KINDS.split())
_TAG: Final = re.compile(r'</?([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"<>]*")*)\s*/?>')
_ATTRIBUTE: Final = re.compile(r'([a-z-]+)="([^"]*)"')
_ASSET: Final = re.compile(r"""\s*asset\((['"])[a-z0-9.-]+\1\)\s*""")
_VALUE, _STATEMENT = "\ue000", "\ue001"
"""Stand for {{ … }} and {% … %} while tags are read; private characters that no template has."""
Mistake = tuple[int, str]


def template_mistakes(source: str) -> list[Mistake]:
    """Everything wrong with a template as (line, what); none means that it may be used."""
    if len(source) > LONGEST:
        return [(1, f"is longer than {LONGEST} characters")]
    environment = Environment(autoescape=True)
    try:
        tree = environment.parse(source)
        found = [*_of_tree(tree), *_of_tags(environment, source)]
    except TemplateSyntaxError as error:
        return [(error.lineno, f"cannot be read: {error.message}")]
    return sorted(set(found))


def _of_tree(tree: nodes.Template) -> Iterator[Mistake]:
    first = next((one for one in tree.body if not _is_blank(one)), None)
    if not (isinstance(first, nodes.Extends) and _constant(first.template) == OURS):
        yield 1, f'must begin with {{% extends "{OURS}" %}}'
    line = 1
    for one in tree.find_all(nodes.Node):
        kind, line = type(one).__name__, one.lineno or line  # some nodes have no line of their own
        if kind not in _NODES:
            yield line, f"{kind} may not be used in a report template"
    for block in tree.find_all(nodes.Block):
        if block.name not in BLOCKS:
            yield block.lineno, f"there is no open place called {block.name!r}; {_all(BLOCKS)}"
    for include in tree.find_all(nodes.Include):
        if _constant(include.template) not in PARTS:
            yield include.lineno, f"only these may be included; {_all(PARTS)}"
    for used in tree.find_all(nodes.Filter):
        if used.name not in FILTERS:
            yield used.lineno, f"the filter {used.name!r} is not there; {_all(sorted(FILTERS))}"
    yield from _of_calls(tree)
    yield from _of_loops(tree, 0)


def _of_calls(tree: nodes.Template) -> Iterator[Mistake]:
    shown = {id(one) for output in tree.find_all(nodes.Output) for one in output.nodes}
    for call in tree.find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if name == "super" and (id(call) not in shown or call.args or call.kwargs):
            yield call.lineno, "super() stands alone, as {{ super() }}"
        elif name not in ("super", "asset"):
            yield call.lineno, "nothing can be called here but asset() and super()"


def _of_loops(node: nodes.Node, depth: int) -> Iterator[Mistake]:
    for one in node.iter_child_nodes():
        is_loop = isinstance(one, nodes.For)
        if is_loop and depth >= MOST_NESTED:
            yield one.lineno, f"more than {MOST_NESTED} loops in each other"
        yield from _of_loops(one, depth + is_loop)


def _of_tags(environment: Environment, source: str) -> Iterator[Mistake]:
    """Every "<" of the template's own text must begin a plain tag that is on the list."""
    text, lines, values = _flattened(environment, source)
    for at in (found.start() for found in re.finditer("<", text)):
        tag = _TAG.match(text, at)
        if tag is None:
            yield lines[at], 'is no plain tag; attributes stand in double quotes, "<" is &lt;'
            continue
        if tag.group(1) not in TAGS:
            yield lines[at], f"the tag <{tag.group(1)}> may not be used"
        if _STATEMENT in tag.group():
            yield lines[at], "{% … %} may not stand inside a tag"
        for attribute in _ATTRIBUTE.finditer(tag.group(2)):
            start = at + tag.start(2) - tag.start() + attribute.start(2)
            inside = [values[n] for n in range(start, start + len(attribute[2])) if n in values]
            yield from _of_attribute(lines[at], attribute[1], attribute[2], inside)


def _of_attribute(line: int, name: str, value: str, inside: list[str]) -> Iterator[Mistake]:
    if name not in ATTRIBUTES:
        yield line, f"the attribute {name!r} may not be used"
    elif name == "src" and not (value == _VALUE and _ASSET.fullmatch(inside[0])):
        yield line, "src may only be an own picture, such as {{ asset('logo') }}"


def _flattened(environment: Environment, source: str) -> tuple[str, list[int], dict[int, str]]:
    """The text with a stand-in for each value and statement, lines by place, values by place."""
    pieces: list[tuple[int, str]] = []
    values: dict[int, str] = {}
    place, inside = 0, ""
    for line, kind, word in environment.lex(source):
        piece = ""
        if kind == "data":
            piece = re.sub(f"[{_VALUE}{_STATEMENT}]", "<", word)  # nobody may forge a stand-in
        elif kind == "variable_begin":
            inside = ""
        elif kind == "variable_end":
            piece, values[place] = _VALUE, inside
        elif kind in ("block_begin", "raw_begin", "comment_begin"):
            piece = _STATEMENT
        else:
            inside += word
        pieces.append((line, piece))
        place += len(piece)
    lines = [n for line, piece in pieces for n in _lines_of(line, piece)]
    return "".join(piece for _, piece in pieces), lines, values


def _lines_of(line: int, piece: str) -> Iterator[int]:
    for char in piece:
        yield line
        line += char == "\n"


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(
        isinstance(one, nodes.TemplateData) and not one.data.strip() for one in node.nodes
    )


def _constant(node: nodes.Node) -> object:
    return node.value if isinstance(node, nodes.Const) else None


def _all(names: object) -> str:
    return "there are: " + ", ".join(str(one) for one in names)  # type: ignore[attr-defined]
