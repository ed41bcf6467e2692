"""The settings: environment variables ANTEROOM_…, each also as ANTEROOM_…_FILE."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ANTEROOM_"
MIN_SECRET_CHARS = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and says what to do."""


class Settings(BaseSettings):
    """All settings of the application; the README's table is checked against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("var"), description="Where database, pictures and key are kept")
    host: str = Field("127.0.0.1", description="Address the server listens on")
    public_url: str = Field("", description="https://… address; needed for any host but loopback")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Master key, 32 characters or more; made in the data folder"
    )
    database_url: str = Field("", description="SQLAlchemy address; default: SQLite in the folder")
    blobs_url: str = Field("", description="fsspec address of the pictures; default: the folder")
    model: str = Field("", description="PaliGemma folder or hub id; default: the compact model")
    adapters_dir: Path | None = Field(None, description="Folder whose adapters staff can activate")
    quantize: Literal["none", "int8", "nf4", "smallest"] = Field(
        "none", description="How weights are held; smallest: nf4 with embedding and head in int8"
    )
    offload: Literal["none", "cpu", "disk"] = Field(
        "none", description="Where weights lie that do not fit: cpu beside a card, or disk"
    )
    backend_url: str = Field("", description="Address of a model server; default: a model here")
    backend_token: SecretStr = Field(SecretStr(""), description="What the model server asks for")
    backend_parity: Path | None = Field(
        None, description="Answers it must give, from `python -m model parity`; default: asked here"
    )
    workers: int = Field(1, ge=0, le=1, description="1: a worker beside the server; 0: apart")
    open_visits: bool = Field(True, description="Visitors may start without a code")
    kiosk: bool = Field(False, description="No PDF on the tablet; a square brings it to a phone")
    reference_approvers: int = Field(0, ge=0, le=5, description="Approvals a reference needs")
    max_upload_mb: int = Field(1024, ge=1, le=4096, description="Largest upload in megabytes")
    retention_hours: int = Field(24, ge=1, le=720, description="After this a visit is erased")
    idle_seconds: int = Field(120, ge=30, le=3600, description="Idle time that ends a tablet")
    answer_floor_seconds: float = Field(2.0, ge=0, le=30, description="No answer shows sooner")
    dicom_ae: str = Field("ANTEROOM", min_length=1, max_length=16, description="Our AE title")
    dicom_host: str = Field("127.0.0.1", description="Address `python -m app listen` listens on")
    dicom_port: int = Field(11112, ge=0, le=65535, description="Its port")
    dicom_tls_cert: Path | None = Field(None, description="PEM certificate: DICOM over TLS only")
    dicom_tls_key: Path | None = Field(None, description="PEM key of that certificate")
    dicom_tls_ca: Path | None = Field(None, description="PEM CA whose certificates peers show")
    dicom_plain: bool = Field(False, description="DICOM without TLS on other than loopback")
    dicom_quiet_seconds: int = Field(10, ge=1, le=600, description="Quiet that ends a delivery")
    clinic_name: str = Field("Demonstration clinic", description="Name on pages and report")
    emergency_number: str = Field("112", description="Number named in an emergency")
    crisis_line: str = Field("", description="Number named to a person in despair")

    @property
    def master_key(self) -> bytes:
        """The bytes every other key is derived from."""
        return self.secret_key.get_secret_value().encode()

    @property
    def resolved_database_url(self) -> str:
        """The database address with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'anteroom.db'}"

    @property
    def resolved_blobs_url(self) -> str:
        """The address of the pictures with the default filled in."""
        return self.blobs_url or f"file://{self.data_dir.resolve() / 'blobs'}"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; raises SettingsError with the name of what is wrong."""
    values = _values(os.environ if environment is None else environment)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {first['msg']}") from None
    _check_address(settings)
    return _with_secret(settings)


def _values(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key.endswith("_file") and key not in Settings.model_fields:
            key, value = key.removesuffix("_file"), _read_secret_file(name, value)
        if key not in Settings.model_fields:
            raise SettingsError(f"{name} is not a setting; the README lists them all")
        if value != "":
            values[key] = value
    return values


def _read_secret_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        raise SettingsError(f"{name}: the file cannot be read") from None


def _check_address(settings: Settings) -> None:
    _check_backend(settings)
    _check_dicom(settings)
    if settings.host in LOOPBACK:
        return
    if not settings.public_url.startswith("https://"):
        raise SettingsError(
            f"{PREFIX}PUBLIC_URL must be an https:// address when {PREFIX}HOST is not loopback: "
            "pictures of patients must not travel in the clear"
        )


def _check_backend(settings: Settings) -> None:
    url = urlsplit(settings.backend_url)
    if not settings.backend_url:
        return
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SettingsError(f"{PREFIX}BACKEND_URL must be an http:// or https:// address")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        raise SettingsError(
            f"{PREFIX}BACKEND_URL must be an https:// address when it is not loopback: pictures "
            "of patients must not travel in the clear"
        )
    if not settings.backend_token.get_secret_value():
        raise SettingsError(f"{PREFIX}BACKEND_TOKEN is needed with {PREFIX}BACKEND_URL")


def _check_dicom(settings: Settings) -> None:
    if (settings.dicom_tls_cert is None) != (settings.dicom_tls_key is None):
        raise SettingsError(
            f"{PREFIX}DICOM_TLS_CERT and {PREFIX}DICOM_TLS_KEY are given together or not at all"
        )
    is_open = settings.dicom_host not in LOOPBACK and settings.dicom_tls_cert is None
    if is_open and not settings.dicom_plain:
        raise SettingsError(
            f"{PREFIX}DICOM_HOST is not loopback: give {PREFIX}DICOM_TLS_CERT and _KEY, or set "
            f"{PREFIX}DICOM_PLAIN=1 where the clinic's network is closed by other means: names "
            "and pictures of patients would travel in the clear"
        )


def _with_secret(settings: Settings) -> Settings:
    given = settings.secret_key.get_secret_value()
    if given and len(given) < MIN_SECRET_CHARS:
        raise SettingsError(f"{PREFIX}SECRET_KEY needs {MIN_SECRET_CHARS} characters or more")
    secret = given or _secret_of(settings.data_dir)
    return settings.model_copy(update={"secret_key": SecretStr(secret)})


def _secret_of(data_dir: Path) -> str:
    """The key of the embedded default: made once, readable by its owner alone."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data_dir / "secret.key"
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8")
