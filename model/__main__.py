"""The command line of the model: ask a question, segment a picture, say what is loaded."""

import argparse
import json
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, get_args

from model.memory import Offload, Quantize
from model.types import ModelError

_FAILED: Final = 2
_MIB: Final = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 2 with one sentence on stderr when something is not as needed."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], dict[str, Any]] = options.run
    try:
        found = run(options)
    except ModelError as error:
        print(error, file=sys.stderr)  # noqa: T201, the command's screen
        return _FAILED
    lines = [f"{name}: {_shown(value)}" for name, value in found.items()]
    print(json.dumps(found) if options.json else "\n".join(lines))  # noqa: T201
    return 0


def ask(options: argparse.Namespace) -> dict[str, Any]:
    """Ask one question about a picture."""
    from model.answering import answer
    from model.picture_file import image_digest, read_picture

    image = read_picture(options.image)
    backend = _engine(options).backend
    digest = image_digest(image)
    return asdict(answer(backend, image, digest, options.question, options.language))


def segment(options: argparse.Namespace) -> dict[str, Any]:
    """Colour the named structures of a picture and save it."""
    from PIL import Image as Pillow

    from model.overlay_picture import draw_overlay
    from model.picture_file import image_digest, read_picture
    from model.segmentation import find_regions

    labels = [name.strip() for name in options.labels.split(";") if name.strip()]
    if not labels:
        raise ModelError('Name at least one structure, as in --labels "liver ; spleen".')
    image = read_picture(options.image)
    engine = _engine(options)
    digest = image_digest(image)
    found = find_regions(engine.backend, image, digest, labels, engine.codec)
    try:
        Pillow.fromarray(draw_overlay(image, found.regions)).save(options.out)
    except (OSError, ValueError) as error:
        raise ModelError(f"The picture could not be written to {options.out}.") from error
    areas = {r.label: round(float(r.mask.mean()), 4) for r in found.regions if r.mask is not None}
    return {
        "areas": areas,
        "not_found": [name for name in dict.fromkeys(labels) if name not in areas],
        "rejected": [asdict(refused) for refused in found.rejected],
        "mean_logprob": found.mean_logprob,
        "seconds": found.seconds,
        "out": str(options.out),
    }


def parity(options: argparse.Namespace) -> dict[str, Any]:
    """Save what this model says to twenty drawn pictures, or hold a model server to it."""
    from model.opening import open_remote
    from model.parity import check_parity, read_parity, suffixes_of, write_parity

    if options.url:
        engine = open_remote(options.url, options.token_file.read_text(encoding="utf-8").strip())
        check_parity(engine.backend, read_parity(options.out))
        return {"same": True, "url": options.url}
    known = suffixes_of(_engine(options).backend)
    write_parity(known, options.out)
    return {"base_sha256": known.base_sha256, "adapter": known.adapter, "out": str(options.out)}


def info(options: argparse.Namespace) -> dict[str, Any]:
    """Say what is loaded, and whether the adapter is really on."""
    from model.local import LocalBackend

    engine = _engine(options)
    assert isinstance(engine.backend, LocalBackend), "open_engine opens local backends"
    proof = engine.backend.proof()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
    manifest = engine.current()
    return {
        **asdict(engine.backend.info()),
        "adapter_is_on": proof is not None,
        "adapter_sha256": None if proof is None else proof.folder.digest,
        "probe_change": None if proof is None else proof.probe_change,
        "structures": len(manifest.structures),
        "resident_mib": round(engine.backend.info().resident_bytes / _MIB, 1),
        "process_peak_mib": round(peak / _MIB),
    }


def _engine(options: argparse.Namespace) -> Any:
    from model.opening import open_engine

    return open_engine(
        options.model,
        options.adapter,
        options.quantize,
        codec=options.codec,
        device=options.device,
        offload=options.offload,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="ask | segment | parity | info")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--model", help="PaliGemma folder or hub id; default: the shipped one")
    common.add_argument("--adapter", help="adapter folder; default: the shipped model's own")
    common.add_argument("--codec", help="mask codec (npz); default: the one in the model folder")
    common.add_argument("--quantize", choices=get_args(Quantize), default="none")
    common.add_argument("--offload", choices=get_args(Offload), default="none")
    common.add_argument("--device", help="cpu, cuda, cuda:1...; default: a GPU where there is one")
    common.add_argument("--json", action="store_true", help="print one JSON object")
    asking = commands.add_parser("ask", parents=[common], help=ask.__doc__)
    asking.add_argument("--image", type=Path, required=True, help="PNG, JPEG or DICOM file")
    asking.add_argument("--question", required=True)
    asking.add_argument("--language", default="en", help="language code of the question")
    asking.set_defaults(run=ask)
    finding = commands.add_parser("segment", parents=[common], help=segment.__doc__)
    finding.add_argument("--image", type=Path, required=True, help="PNG, JPEG or DICOM file")
    finding.add_argument("--labels", required=True, help='names joined by ";": "liver ; spleen"')
    finding.add_argument("--out", type=Path, required=True, help="picture to write")
    finding.set_defaults(run=segment)
    holding = commands.add_parser("parity", parents=[common], help=parity.__doc__)
    holding.add_argument("--out", type=Path, required=True, help="JSON file with the answers")
    holding.add_argument("--url", help="a model server to hold to the file")
    holding.add_argument("--token-file", type=Path, help="file with the server's token")
    holding.set_defaults(run=parity)
    telling = commands.add_parser("info", parents=[common], help=info.__doc__)
    telling.set_defaults(run=info)
    return parser


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


if __name__ == "__main__":
    sys.exit(main())
