"""What every table stands on: the parent class, ids, and the present moment."""

import secrets
from datetime import UTC, datetime

from sqlalchemy import JSON
from sqlalchemy.orm import DeclarativeBase

from app.storage.moments import UtcTime
from app.storage.sealed import Ciphertext, Sealed


class Base(DeclarativeBase):
    """Parent of all tables."""

    type_annotation_map = {datetime: UtcTime, Ciphertext: Sealed, dict: JSON, list: JSON}  # noqa: RUF012


def new_id() -> str:
    """128 random bits in hex: nothing in an address can be counted up."""
    return secrets.token_hex(16)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
