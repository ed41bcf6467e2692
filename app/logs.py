"""The log: JSON lines that carry ids, durations and reason keys, and nothing else."""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

ALLOWED_KEYS = frozenset(
    (
        "event",
        "level",
        "timestamp",
        "visit_id",
        "scan_id",
        "turn_id",
        "alert_id",
        "reference_id",
        "worker_id",
        "seconds",
        "count",
        "reason",
        "status",
        "adapter",
        "error_type",
        "where",
    )
)


def start_logging() -> None:
    """Send structlog and warnings of libraries to standard error, filtered."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def keep_allowed(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Drop every key that is not on the list: default deny, so a slip leaks nothing."""
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS}


def place_of(error: BaseException) -> str:
    """Where an error was raised, as file:line, without its message (it may hold content)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{name}:{trace.tb_lineno}"
