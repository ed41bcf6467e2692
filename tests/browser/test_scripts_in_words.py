"""Forty texts that would run as scripts, in every place that shows what somebody typed.

RELIABILITY bar 21, the browser's part: nothing runs, nothing is reported, the text stays a text.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.deps import House
from app.storage import questions, turns, visits
from app.storage.turns import Asked
from tests.browser.prepared import PreparedVisit, enter, prepare_house
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
RUN = "window.canary=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt >{RUN}</sCrIpT>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}'//",
    f'"><img src=x onerror={RUN}>',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f'" autofocus onfocus={RUN} x="',
    f"' autofocus onfocus={RUN} x='",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:parent.{RUN}></iframe>",
    f"<object data=javascript:{RUN}></object>",
    f"<embed src=javascript:{RUN}>",
    f"<a href=javascript:{RUN}>x</a>",
    f"javascript:{RUN}",
    f"<form action=javascript:{RUN}><button>x</button></form>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<base href=javascript:{RUN}//>",
    f"<link rel=stylesheet href=data:text/css,*{{}} onload={RUN}>",
    f"<style onload={RUN}>@import 'x';</style>",
    f"<math><mtext><img src=x onerror={RUN}></mtext></math>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<template><script>{RUN}</script></template>",
    f"<!--><script>{RUN}</script>-->",
    f"<![CDATA[<script>{RUN}</script>]]>",
    "{{ self.__init__.__globals__ }}",
    "{% print 7*7 %}{{ 7*7 }}",
    "${7*7}#{7*7}<%= 7*7 %>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"\u202e<script>{RUN}</script>\u2028\u0000",
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return open_test_house(tmp_path_factory.mktemp("scripts") / "var")


@pytest.fixture(scope="module")
def visit(house: House) -> PreparedVisit:
    return prepare_house(house)


@pytest.fixture(scope="module")
def server(compact_model: Path, house: House, visit: PreparedVisit) -> Iterator[RunningServer]:
    folder = house.settings.data_dir
    with running_server(folder, answer_floor_seconds="0", workers="0") as running:
        yield running


def test_nothing_that_is_typed_runs(
    browser: Browser, server: RunningServer, house: House, visit: PreparedVisit
) -> None:
    with house.sessions() as session, session.begin():
        opened = visits.find_by_code(session, house.master, visit.code)
        assert opened is not None
        for text in PAYLOADS:  # the question, what a model might have said, and the list
            asked = Asked("question", text, "en", "allow", "t", "v", visit.looked, shown=text)
            turns.add_turn(session, opened, asked)
            questions.add(session, opened, text, "own")
    context = browser.new_context(base_url=server.address)
    reports: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: reports.append(said.text) if "Policy" in said.text else None)
    page.on("dialog", lambda one: reports.append(one.message))
    enter(page, visit)
    for address in (f"/scan/{visit.looked}", "/questions"):
        page.goto(address)
        assert page.evaluate("window.canary") is None, address
    listed = page.locator(".listed p").all_text_contents()
    clean = {" ".join(text.replace("\u0000", "\ufffd").split()) for text in PAYLOADS}
    shown = {" ".join(text.split()) for text in listed}
    assert len(clean - shown) <= 1, clean - shown  # a NUL may be dropped or replaced
    tries = 0
    for text in PAYLOADS:
        sinks = [
            ("/start", {"code": text}),
            ("/questions", {"text": text, "back": text}),
            ("/language", {"language": text, "back": text}),
            ("/reading", {"size": text, "switch": text, "back": text}),
            (f"/scan/{visit.looked}/find", {"part": text}),
            (f"/scan/{visit.looked}/ask", {"kind": "question", "question": "", "language": text}),
        ]
        for path, form in sinks:
            answer = page.request.post(path, form=form)
            assert answer.status < 500, (path, text)
            body = answer.text()
            assert f"<script>{RUN}" not in body, (path, text)
            assert f"onerror={RUN}>" not in body.replace("&gt;", ""), (path, text)
            tries += 1
    for text in PAYLOADS[:12]:  # what a page makes of an answer, in the browser itself
        page.goto(f"/scan/{visit.looked}")
        page.get_by_test_id("find-input").fill(text)
        page.get_by_test_id("find-submit").click()
        page.wait_for_load_state()
        assert page.evaluate("window.canary") is None, text
        tries += 1
    context.close()
    sys.stdout.write(f"\n{len(PAYLOADS)} texts, {tries + 3 * len(PAYLOADS)} tries: 0 ran\n")
    assert reports == []
