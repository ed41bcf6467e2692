"""The process that makes the PDF: content in on stdin, PDF out on stdout, nothing else.

Exit statuses: 0 done, 3 too many pages, anything else failed.
"""

import hashlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.report.confine import confine, limit

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

    from app.report.page import Asset

CPU_SECONDS: Final = 20
MAX_PAGES: Final = 120
TOO_MANY_PAGES: Final = 3


def main() -> int:
    """Render the content on stdin; gives the exit status."""
    limit(CPU_SECONDS)
    data = sys.stdin.buffer.read()
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # its warnings quote the content
    import weasyprint  # opens its native libraries, so it comes before the walls go up
    from PIL import Image, PngImagePlugin  # noqa: F401

    from app.report.page import TEMPLATES, build_page
    from app.report.wire import from_wire

    code = Path(__file__).resolve().parents[2]
    python = (Path(sys.prefix), Path(sys.base_prefix))
    confine([code / "app", code / "model", TEMPLATES, *python])
    page = build_page(from_wire(data))
    document = weasyprint.HTML(
        string=page.html, base_url=None, url_fetcher=_asset_fetcher(page.assets)
    ).render()
    if len(document.pages) > MAX_PAGES:
        return TOO_MANY_PAGES
    pdf = document.write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=hashlib.sha256(data).digest()[:16]
    )
    sys.stdout.buffer.write(pdf)
    return 0


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
