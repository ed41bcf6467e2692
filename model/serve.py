"""The same engine behind Ray Serve: replicas, autoscaling, health, drain, a token; no telemetry.

`serve run model.serve:build model=/models/paligemma token_file=/run/secrets/token`, or serve.yaml.
"""

import asyncio
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.batching import BatchingBackend
from model.manifest import sha256_of
from model.opening import codec_file, open_engine
from model.types import BackendUnavailable, ModelError
from model.weights import find_folder
from model.wire import CODEC, COMPLETE, INFO, Served, answer_call, write_error, write_served

HEALTH: Final = "/healthz"
_LEAST_TOKEN: Final = 16


@dataclass(frozen=True)
class Serving:
    """What a model server is made of; the names are those of serve.yaml.

    Args:
        model: a PaliGemma folder; empty for the compact model.
        adapter: an adapter folder; empty for the model's own.
        quantize: how weights are held.
        token: what clients must show; or `token_file`, a file that holds it.
        replicas: how many at first; at least so many stay.
        most_replicas: autoscaling goes up to so many.
        gpus: cards for each replica; a share such as 0.5 puts two on one card.
        cpus: processors for each replica.
    """

    model: str = ""
    adapter: str = ""
    quantize: str = "none"
    token: str = ""
    token_file: str = ""
    replicas: int = 1
    most_replicas: int = 1
    gpus: float = 0.0
    cpus: float = 1.0

    def secret(self) -> str:
        """The token; raises BackendUnavailable where it is missing or too short."""
        path = self.token_file
        found = Path(path).read_text(encoding="utf-8").strip() if path else self.token
        if len(found) < _LEAST_TOKEN:
            raise BackendUnavailable(
                f"A model server needs a token of {_LEAST_TOKEN} characters or more."
            )
        return found


class Replica:
    """One copy of the engine in a process of its own."""

    def __init__(self, serving: Serving) -> None:
        """Load the model; Ray sends nothing before that is done."""
        self._token = serving.secret()
        engine = open_engine(
            serving.model or None,
            serving.adapter or None,
            serving.quantize,  # type: ignore[arg-type]
            threads=max(1, int(serving.cpus)) if not serving.gpus else None,
        )
        self._engine = engine
        self._backend = BatchingBackend(engine.backend)
        folder = find_folder(serving.model) if serving.model else None
        self._codec, _ = codec_file(folder)
        self._codec_sha256 = sha256_of(self._codec)

    async def __call__(self, request: Any) -> Any:
        """Answer one HTTP request (starlette's)."""
        from starlette.responses import Response

        path = request.url.path
        if path == HEALTH:
            return Response(b"ok")
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), self._token.encode()):
            return Response(b"", status_code=401)
        try:
            body = await request.body()
            found = await asyncio.to_thread(self._answer, path, body)
        except Exception as error:  # becomes a status; nothing of the request is told
            status, said = write_error(error)
            return Response(said, status_code=status)
        return Response(found, media_type="application/json")

    def check_health(self) -> None:
        """Ray asks this every few seconds; a replica that raises is replaced."""
        if not self._backend.is_alive():
            raise BackendUnavailable("The engine of this replica has stopped.")

    def _answer(self, path: str, body: bytes) -> bytes:
        if path == COMPLETE:
            return answer_call(self._backend, body)
        if path == CODEC:
            return self._codec.read_bytes()
        if path == INFO:
            engine = self._engine
            return write_served(
                Served(
                    self._backend.info(),
                    engine.manifest,
                    engine.adapter_manifest(),
                    self._backend.costs(),
                    self._codec_sha256,
                )
            )
        raise ModelError("A model server has no such path.")


def build(fields: dict[str, Any]) -> Any:
    """The Serve application of these settings; unknown ones are errors."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray import serve

    serving = Serving(**fields)
    serving.secret()
    scaling = {
        "min_replicas": serving.replicas,
        "max_replicas": max(serving.replicas, serving.most_replicas),
        "initial_replicas": serving.replicas,
        "target_ongoing_requests": 8,  # what one batch takes; more makes the next replica start
    }
    deployed = serve.deployment(
        Replica,
        name="engine",
        autoscaling_config=scaling,
        max_ongoing_requests=32,
        max_queued_requests=2000,
        health_check_period_s=5,
        health_check_timeout_s=30,
        graceful_shutdown_timeout_s=120,  # drain: what runs is finished first
        ray_actor_options={"num_cpus": serving.cpus, "num_gpus": serving.gpus},
    )
    return deployed.bind(serving)
