"""Requests and completions as JSON between an app and a model server; pictures as PNG inside."""

import base64
import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image as Pillow

from model.backend import Backend, BackendInfo
from model.cost import Costs
from model.manifest import Manifest
from model.types import AdapterMismatch, Completion, Image, ModelError, Request

COMPLETE = "/v1/complete"
INFO = "/v1/info"
CODEC = "/v1/codec"


@dataclass(frozen=True)
class Served:
    """What a model server says about itself."""

    info: BackendInfo
    manifest: Manifest
    adapter_manifest: Manifest | None
    costs: Costs | None
    codec_sha256: str


def write_requests(requests: Sequence[Request]) -> bytes:
    """The body of a call; each picture travels once."""
    pictures: list[Image] = []
    known: dict[int, int] = {}
    rows = []
    for one in requests:
        if id(one.image) not in known:
            known[id(one.image)] = len(pictures)
            pictures.append(one.image)
        rows.append(
            {
                "picture": known[id(one.image)],
                "prefix": one.prefix,
                "grammar": one.grammar,
                "adapter": one.adapter,
                "max_new_tokens": one.max_new_tokens,
            }
        )
    return json.dumps({"pictures": [_png(one) for one in pictures], "requests": rows}).encode()


def answer_call(backend: Backend, body: bytes) -> bytes:
    """The server's side of a call; the pictures are forgotten with the answer.

    Raises:
        ModelError: the body is no call, or what the backend raises.
    """
    requests = _read_requests(body)
    try:
        completions = backend.complete(requests)
    finally:
        for digest in {one.image_digest for one in requests}:
            backend.forget(digest)
    return json.dumps([asdict(one) for one in completions]).encode()


def read_completions(body: bytes) -> list[Completion]:
    """The completions of an answer; raises ModelError where it is none."""
    try:
        return [Completion(**one) for one in json.loads(body)]
    except (ValueError, TypeError) as error:
        raise ModelError("The model server's answer cannot be read.") from error


def write_served(served: Served) -> bytes:
    """What a server says about itself, as JSON."""
    return json.dumps(asdict(served)).encode()


def read_served(body: bytes) -> Served:
    """The other way round; raises ModelError where it is something else."""
    try:
        fields = json.loads(body)
        adapter, costs = fields["adapter_manifest"], fields["costs"]
        return Served(
            info=BackendInfo(**fields["info"]),
            manifest=_manifest(fields["manifest"]),
            adapter_manifest=None if adapter is None else _manifest(adapter),
            costs=None if costs is None else Costs(**costs),
            codec_sha256=str(fields["codec_sha256"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError("The address answers, but not as a model server does.") from error


def write_error(error: Exception) -> tuple[int, bytes]:
    """Status and body for an error: whose mistake it was, and whether to try again."""
    kind = type(error).__name__
    status = 409 if isinstance(error, AdapterMismatch) else 400
    if not isinstance(error, ModelError) or kind == "BackendUnavailable":
        status = 503
    said = str(error) if isinstance(error, ModelError) else "The model failed."
    return status, json.dumps({"error": kind, "message": said}).encode()


def read_error(body: bytes) -> tuple[str, str]:
    """Kind and sentence of an error's body; empty where it has none."""
    try:
        fields = json.loads(body)
        return str(fields["error"]), str(fields["message"])
    except (ValueError, TypeError, KeyError):
        return "", ""


def _read_requests(body: bytes) -> list[Request]:
    call = f"call-{uuid.uuid4().hex}"  # digests of this call alone: nothing outlives it
    try:
        fields = json.loads(body)
        pictures = [_pixels(one) for one in fields["pictures"]]
        return [
            Request(
                image=pictures[one["picture"]],
                image_digest=f"{call}-{one['picture']}",
                prefix=str(one["prefix"]),
                grammar=one["grammar"],
                adapter=one["adapter"],
                max_new_tokens=int(one["max_new_tokens"]),
            )
            for one in fields["requests"]
        ]
    except (ValueError, TypeError, KeyError, IndexError, OSError) as error:
        raise ModelError("The call cannot be read.") from error


def _png(image: Image) -> str:
    target = io.BytesIO()
    Pillow.fromarray(image).save(target, "PNG", compress_level=1)
    return base64.b64encode(target.getvalue()).decode("ascii")


def _pixels(text: str) -> Image:
    with Pillow.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def _manifest(fields: dict[str, Any]) -> Manifest:
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Manifest(**{**fields, **lists})
