"""The commands of the application: python -m app serve, worker, add-staff and others."""

import argparse
import getpass
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from app.settings import SettingsError, load_settings

# Each reads its own arguments; its module is loaded only when it is called.
_GUARD_COMMANDS: Final = {
    "check-guardrail": ("app.guardrail.command", "run the guard over a file of cases"),
    "learn-alarms": ("app.guardrail.likeness_fit", "learn from cases what sounds like an alarm"),
    "learn-topics": ("app.guardrail.topic_fit", "learn from questions what is off topic"),
    "learn-plain": ("app.guardrail.plainness_fit", "learn from cases what a description is like"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in _GUARD_COMMANDS:
        module, _ = _GUARD_COMMANDS[arguments[0]]
        return int(importlib.import_module(module).main(arguments[1:]))
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201, the operator's screen
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description="Anteroom")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="the server, with one worker beside it")
    serve.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    serve.set_defaults(run=_serve)
    commands.add_parser("worker", help="one worker").set_defaults(run=_worker)
    listen = commands.add_parser("listen", help="the clinic's door for DICOM (C-STORE, C-ECHO)")
    listen.set_defaults(run=_listen)
    staff = commands.add_parser("add-staff", help="a staff account")
    staff.add_argument("name")
    staff.add_argument("--role", action="append", required=True)
    staff.add_argument("--password-stdin", action="store_true")
    staff.set_defaults(run=_add_staff)
    token = commands.add_parser("add-token", help="a token for a machine")
    token.add_argument("name")
    token.add_argument("--scope", choices=("stow", "metrics"), required=True)
    token.set_defaults(run=_add_token)
    commands.add_parser("demo", help="a demonstration clinic").set_defaults(run=_demo)
    commands.add_parser("purge", help="erase what is too old").set_defaults(run=_purge)
    commands.add_parser("verify", help="check the audit chain").set_defaults(run=_verify)
    backup = commands.add_parser("backup", help="copy database and pictures into a new folder")
    backup.add_argument("folder", type=Path)
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="fill an empty data folder from a backup")
    restore.add_argument("folder", type=Path)
    restore.set_defaults(run=_restore)
    for name, (_, told) in _GUARD_COMMANDS.items():
        commands.add_parser(name, help=told)
    return parser


def _serve(options: argparse.Namespace) -> int:
    from app.serving import serve

    return serve(load_settings(), options.port)


def _worker(_options: argparse.Namespace) -> int:
    from app.worker import run_worker

    return run_worker(load_settings())


def _listen(_options: argparse.Namespace) -> int:
    from app.delivery.listen import listen

    return listen(load_settings())


def _add_staff(options: argparse.Namespace) -> int:
    from app.deps import open_house
    from app.staff.login import add_staff

    is_piped = options.password_stdin
    password = sys.stdin.readline().rstrip("\n") if is_piped else getpass.getpass()
    try:
        add_staff(open_house(load_settings()), options.name, tuple(options.role), password)
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    print(f"{options.name} can sign in at /staff")  # noqa: T201
    return 0


def _add_token(options: argparse.Namespace) -> int:
    from app.deps import open_house
    from app.storage import tokens

    house = open_house(load_settings())
    with house.sessions() as session, session.begin():
        token = tokens.add(session, house.master, options.name, options.scope)
    print(token)  # noqa: T201, shown this once
    return 0


def _demo(_options: argparse.Namespace) -> int:
    from app.deps import open_house
    from app.staff.demo import add_demonstration

    for line in add_demonstration(open_house(load_settings())):
        print(line)  # noqa: T201
    return 0


def _purge(_options: argparse.Namespace) -> int:
    from app.deps import open_house
    from app.housekeeping import purge, sweep

    house = open_house(load_settings())
    print(f"{purge(house)} visits erased, {sweep(house)} lost folders swept")  # noqa: T201
    return 0


def _verify(_options: argparse.Namespace) -> int:
    from app.deps import open_house
    from app.storage import audit

    with open_house(load_settings()).sessions() as session:
        broken = audit.first_broken(session)
    print("audit: whole" if broken is None else f"audit: broken at event {broken}")  # noqa: T201
    return 0 if broken is None else 1


def _backup(options: argparse.Namespace) -> int:
    from app.backup import make_backup
    from app.deps import open_house

    print(f"{make_backup(open_house(load_settings()), options.folder)} files copied")  # noqa: T201
    return 0


def _restore(options: argparse.Namespace) -> int:
    from app.backup import restore_backup

    print(f"{restore_backup(load_settings(), options.folder)} files restored")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
