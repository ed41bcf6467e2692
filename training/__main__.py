"""`python -m training COMMAND`: hands the arguments to the command's own module, loaded lazily."""

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Final, cast

COMMANDS: Final = {
    "plan": "training.plan:main",
    "prepare": "training.prepare:main",
    "look": "training.look:main",
    "tokenizer": "training.tokenizer:main",
    "codec": "training.codec:main",
    "base": "training.base:main",
    "compact": "training.compact:main",
    "pack": "training.pack:main",
    "train": "training.train:main",
    "align": "training.align:main",
    "evaluate": "training.evaluate:main",
    "card": "training.model_card:main",
    "probe": "training.probe:main",
    "scan-or-not": "training.scan_or_not:main",
}


def available() -> list[str]:
    """The commands whose module is part of this installation, in their order."""
    return [name for name, target in COMMANDS.items() if find_spec(target.split(":")[0])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command with the rest of the arguments; its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    names = available()
    usage = f"usage: python -m training {{{'|'.join(names)}}} [--help] ..."
    if given and given[0] in ("-h", "--help"):
        sys.stdout.write(usage + "\n")
        return 0
    if not given or given[0] not in names:
        sys.stderr.write(usage + "\n")
        return 2
    module, function = COMMANDS[given[0]].split(":")
    run = cast(Callable[[list[str]], int], getattr(importlib.import_module(module), function))
    return run(given[1:])


if __name__ == "__main__":
    sys.exit(main())
