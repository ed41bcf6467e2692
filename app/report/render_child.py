"""The process that makes a report: one order in on stdin, PDF or HTML out on stdout, nothing else.

The order's first line is the address of assets: `asset:` for paper, any other for a screen; the
rest is the content. It may wait for its order: everything it needs is loaded before it reads.
Exit statuses: 0 done, 3 too many pages, anything else failed.
"""

import hashlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.report.confine import confine, leave_network, limit

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

    from app.report.page import Asset, Page

CPU_SECONDS: Final = 20
NICENESS: Final = 5
"""A report may take a second longer; pages and pictures of the others may not wait for it."""
MAX_PAGES: Final = 120
TOO_MANY_PAGES: Final = 3


def main() -> int:
    """Shut the process in, wait for the order, carry it out; gives the exit status."""
    os.nice(NICENESS)
    leave_network()  # before anything starts a thread
    limit(CPU_SECONDS)
    import weasyprint  # noqa: F401  opens its native libraries, so it comes before the walls go up
    from PIL import Image, PngImagePlugin  # noqa: F401

    from app.report.page import SCHEME, TEMPLATES, build_page
    from app.report.wire import from_wire

    code = Path(__file__).resolve().parents[2]
    python = (Path(sys.prefix), Path(sys.base_prefix))
    confine([code / "app", code / "model", TEMPLATES, *python])
    address, _, data = sys.stdin.buffer.read().partition(b"\n")
    if not data:
        return 0  # the house closed without an order
    content = from_wire(data)
    if address.decode() != SCHEME:
        sys.stdout.buffer.write(build_page(content, address.decode()).html.encode())
        return 0
    identifier, gaps = hashlib.sha256(data).digest()[:16], _listen_for_gaps()
    pdf = _paper(build_page(content), identifier)
    if pdf is not None and gaps.found:
        pdf = _paper(build_page(content, has_gaps=True), identifier)
    if pdf is None:
        return TOO_MANY_PAGES
    sys.stdout.buffer.write(pdf)
    return 0


class _Gaps(logging.Handler):
    """Notes that a letter has no font; keeps no word of the warning, which quotes the content."""

    found = False

    def emit(self, record: logging.LogRecord) -> None:
        self.found |= str(record.msg).startswith(".notdef")


def _listen_for_gaps() -> _Gaps:
    gaps, log = _Gaps(), logging.getLogger("weasyprint")
    log.handlers, log.propagate = [gaps], False
    log.setLevel(logging.WARNING)
    return gaps


def _paper(page: "Page", identifier: bytes) -> bytes | None:
    """The PDF of a page; None for one with more sheets than anybody prints."""
    import weasyprint

    fetcher = _asset_fetcher(page.assets)
    document = weasyprint.HTML(string=page.html, base_url=None, url_fetcher=fetcher).render()
    if len(document.pages) > MAX_PAGES:
        return None
    pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)
    return pdf


def _asset_fetcher(assets: "dict[str, Asset]") -> "URLFetcher":
    """A fetcher that serves the page's own assets and refuses every other address."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    from app.report.page import SCHEME

    class AssetFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint is untyped
        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002
            asset = assets.get(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
            if asset is None:
                raise ValueError("only the page's own assets are served")
            return URLFetcherResponse(url, asset.body, {"Content-Type": asset.media_type})

    return AssetFetcher(allowed_protocols=())


if __name__ == "__main__":
    sys.exit(main())
