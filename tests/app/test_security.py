"""Headers on every response; requests from elsewhere are refused."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.web.security import SameOriginOnly, SecurityHeaders


def client(*, public_url: str = "", is_https: bool = False) -> TestClient:
    async def changed(_request: object) -> PlainTextResponse:
        return PlainTextResponse("changed")

    app = Starlette(routes=[Route("/act", changed, methods=["GET", "POST"])])
    app.add_middleware(SameOriginOnly, public_url=public_url)
    app.add_middleware(SecurityHeaders, is_https=is_https)
    return TestClient(app, base_url="http://clinic.test")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://clinic.test"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({}, 200),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "file://"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://clinic.test.evil.test"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://clinic.test"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.test"}, 403),
    ],
)
def test_a_changing_request_must_come_from_here(headers: dict[str, str], status: int) -> None:
    assert client().post("/act", headers=headers).status_code == status


def test_the_address_behind_a_proxy_counts_as_here() -> None:
    behind = client(public_url="https://anteroom.clinic")
    assert behind.post("/act", headers={"Origin": "https://anteroom.clinic"}).status_code == 200


def test_reading_is_not_refused() -> None:
    assert client().get("/act", headers={"Origin": "http://evil.test"}).status_code == 200


def test_every_response_carries_the_headers_even_a_refusal() -> None:
    refused = client(is_https=True).post("/act", headers={"Origin": "null"})
    for response in (client(is_https=True).get("/act"), refused):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "max-age" in response.headers["strict-transport-security"]
