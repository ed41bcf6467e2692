"""What a report on screen shows: its pictures and style sheets, each by its name."""

from fastapi.responses import Response

from app.errors import AppError
from app.report.content import ReportContent
from app.report.page import assets_of


def asset_response(content: ReportContent, address: str, name: str) -> Response:
    """One asset of this report; raises AppError for a name it does not have."""
    asset = assets_of(content, address).get(name)
    if asset is None:
        raise AppError("not_found", 404)
    return Response(asset.body, media_type=asset.media_type)
