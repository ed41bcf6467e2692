"""A tablet without a browser: follows test handles through forms and links over HTTP."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urljoin

import httpx


@dataclass
class Form:
    """One form of a page: where it goes, what it would send, which handles it holds."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # handle -> field name
    values: dict[str, str] = field(default_factory=dict)  # handle -> field value


class PageReader(HTMLParser):
    """Collects forms, links and the texts of elements that carry a test handle."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.handles: dict[str, list[dict[str, str]]] = {}
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(have.get("action", ""), have.get("method", "get").lower())
            self.forms.append(self._open)
        handle = have.get("data-testid")
        if handle:
            self.handles.setdefault(handle, []).append({"tag": tag, **have})
        if self._open is not None:
            self._note(self._open, tag, have, handle)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _note(form: Form, tag: str, have: dict[str, str], handle: str | None) -> None:
        name = have.get("name", "")
        if handle:
            form.names[handle] = name
            form.values[handle] = have.get("value", "")
        if tag == "input" and name and have.get("type") in ("hidden", None, "text"):
            form.fields[name] = have.get("value", "")


class Tablet:
    """One visitor: a cookie jar, the page at hand, and what can be done on it."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, follow_redirects=True, timeout=60)
        self.html = ""
        self.path = "/"
        self.page = PageReader()

    def __enter__(self) -> "Tablet":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies of this visitor by name."""
        return dict(self._client.cookies)

    def open(self, path: str) -> httpx.Response:
        """Go to an address."""
        return self._keep(self._client.get(path))

    def press(
        self,
        handle: str,
        typed: dict[str, str] | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> httpx.Response:
        """Press the button with this handle, with texts typed into handles, perhaps a file.

        A handle of a link follows the link.
        """
        form = next((form for form in self.page.forms if handle in form.names), None)
        if form is None:
            return self.open(urljoin(self.path, self.page.handles[handle][0]["href"]))
        data = dict(form.fields)
        if form.names[handle]:
            data[form.names[handle]] = form.values[handle]
        for where, text in (typed or {}).items():
            data[form.names[where]] = text
        action = urljoin(self.path, form.action)
        if form.method == "get":
            return self._keep(self._client.get(action, params=data))
        files = None
        if file is not None:
            files = {form.names["upload-input"]: (file[0], file[1], "application/octet-stream")}
        return self._keep(self._client.post(action, data=data, files=files))

    def sees(self, handle: str) -> bool:
        """Whether the page at hand carries this handle."""
        return handle in self.page.handles

    def _keep(self, response: httpx.Response) -> httpx.Response:
        if response.headers.get("content-type", "").startswith("text/html"):
            self.html, self.path = response.text, str(response.url)
            self.page = PageReader()
            self.page.feed(self.html)
        return response
