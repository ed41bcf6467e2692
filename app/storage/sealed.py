"""Sealing: AES-256-GCM with a key per visit, wrapped by the master key."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

NONCE_BYTES = 12
KEY_BYTES = 32


class SealBroken(Exception):
    """A ciphertext that this key and context do not open: wrong key, moved or changed."""


class Ciphertext(bytes):
    """Sealed bytes: nonce, then AES-256-GCM output. A sealed column takes nothing else."""


class Sealed(TypeDecorator[Ciphertext]):
    """A column that refuses anything that has not been sealed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Ciphertext | None, dialect: Dialect) -> bytes | None:
        """The bytes to store; raises TypeError for plain values."""
        if value is not None and not isinstance(value, Ciphertext):
            raise TypeError("a sealed column takes Ciphertext only")
        return value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Ciphertext | None:
        """The stored bytes as Ciphertext."""
        return None if value is None else Ciphertext(value)


@dataclass(frozen=True)
class Vault:
    """One data key; seals and opens values bound to a context such as 'turns.question:ID'."""

    key: bytes

    def seal(self, plain: bytes, context: str) -> Ciphertext:
        """Sealed bytes; the same plain value never gives the same bytes twice."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Ciphertext(nonce + AESGCM(self.key).encrypt(nonce, plain, context.encode()))

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes; raises SealBroken when key, context or bytes do not match."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(context.partition(":")[0]) from None

    def seal_json(self, value: Any, context: str) -> Ciphertext:  # any JSON value
        """A JSON value, sealed."""
        return self.seal(json.dumps(value, ensure_ascii=False).encode(), context)

    def open_json(self, sealed: bytes, context: str) -> Any:
        """The JSON value that was sealed; raises SealBroken."""
        return json.loads(self.open(sealed, context))


@dataclass(frozen=True)
class MasterKey:
    """The key of the clinic; wraps data keys and makes digests that nobody else can make."""

    secret: bytes

    def new_wrapped_key(self, owner: str) -> bytes:
        """A fresh data key, wrapped for this owner."""
        return self._wrapping().seal(secrets.token_bytes(KEY_BYTES), f"key:{owner}")

    def vault(self, wrapped: bytes, owner: str) -> Vault:
        """The vault behind a wrapped key; raises SealBroken when the master key is another."""
        return Vault(self._wrapping().open(wrapped, f"key:{owner}"))

    def digest(self, purpose: str, value: str) -> str:
        """A keyed hash in hex: for codes, tokens and the identifiers of an envelope."""
        return hmac.new(
            self._derive(f"digest:{purpose}"), value.encode(), hashlib.sha256
        ).hexdigest()

    def _wrapping(self) -> Vault:
        return Vault(self._derive("wrap"))

    def _derive(self, purpose: str) -> bytes:
        kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=b"anteroom", info=purpose.encode())
        return kdf.derive(self.secret)
