"""The clinic's machines for tests: dcmtk, Orthanc and our own listener, all on loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
ORTHANC = "/usr/sbin/Orthanc"
DICOMWEB = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
DELIVERED = {
    "PatientID": "MRN-77123",
    "PatientName": "Canary^Alice",
    "PatientBirthDate": "19560713",
    "AccessionNumber": "ACC-4711",
    "StudyDate": "20260503",
    "StudyInstanceUID": "1.2.826.0.1.3680043.10.999.1",
    "FrameOfReferenceUID": "1.2.826.0.1.3680043.10.999.2",
}
"""Whose scan the tests deliver; whoever reads this in the wrong place has found a leak."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def need(program: str, package: str) -> str:
    """The path of a program; a skip that names its Debian package without it."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip(f"{program} is not here; it comes with the Debian package {package}")
    return found


def write_files(folder: Path, files: list[bytes]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04}.dcm" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return paths


def storescu(
    port: int, files: list[Path], *options: str, called: str = "ANTEROOM", calling: str = "CT1"
) -> "subprocess.CompletedProcess[str]":
    """Send files as a scanner does; its exit status is that of the real program."""
    names = ["-aet", calling, "-aec", called, *options, "127.0.0.1", str(port)]
    command = [need("storescu", "dcmtk"), "-v", *names, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def echoscu(port: int, *options: str, called: str = "ANTEROOM", calling: str = "CT1") -> int:
    names = ["-aet", calling, "-aec", called, *options, "127.0.0.1", str(port)]
    command = [need("echoscu", "dcmtk"), *names]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@dataclass
class Listener:
    """`python -m app listen` as a process of its own."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def listener(data_dir: Path, **settings: str) -> Iterator[Listener]:
    """The listener of a data folder; ready when the block begins."""
    port = free_port()
    values = {f"ANTEROOM_{key.upper()}": value for key, value in settings.items()}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANTEROOM_")}
    environment |= {"ANTEROOM_DATA_DIR": str(data_dir), "ANTEROOM_DICOM_PORT": str(port), **values}
    log = data_dir.parent / f"listen-{port}.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "app", "listen"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        _wait_for(port, process, log)
        yield Listener(port, process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


@dataclass(frozen=True)
class Orthanc:
    """A PACS of the tests."""

    http: str
    dicom_port: int
    ae_title: str = "ORTHANC"

    def upload(self, data: bytes) -> str:
        answer = httpx.post(f"{self.http}/instances", content=data, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["ID"])

    def instances(self) -> list[str]:
        found: list[str] = httpx.get(f"{self.http}/instances", timeout=30).json()
        return found

    def file(self, instance: str) -> bytes:
        return httpx.get(f"{self.http}/instances/{instance}/file", timeout=30).content

    def store(self, modality: str, instances: list[str]) -> httpx.Response:
        """Push by C-STORE to a configured modality."""
        return httpx.post(f"{self.http}/modalities/{modality}/store", json=instances, timeout=60)

    def stow(self, server: str, instances: list[str]) -> httpx.Response:
        """Push by STOW-RS to a configured DICOMweb server."""
        job = {"Resources": instances, "Synchronous": True}
        address = f"{self.http}/dicom-web/servers/{server}/stow"
        return httpx.post(address, json=job, timeout=60)


@contextmanager
def orthanc(
    folder: Path,
    *,
    modalities: dict[str, list[object]] | None = None,
    servers: dict[str, object] | None = None,
) -> Iterator[Orthanc]:
    """An Orthanc with its own folder and ports, whose DICOMweb answers under /dicom-web."""
    need(ORTHANC, "orthanc")
    if not Path(DICOMWEB).is_file():
        pytest.skip("the DICOMweb plug-in comes with the Debian package orthanc-dicomweb")
    http, dicom = free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [DICOMWEB],
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowStore": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomModalities": modalities or {},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": servers or {}},
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    log = folder / "orthanc.log"
    with log.open("wb") as out:
        command = [ORTHANC, str(folder / "orthanc.json")]
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait_for(http, process, log)
        yield Orthanc(f"http://127.0.0.1:{http}", dicom)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as trying:
            trying.settimeout(1)
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on {port}:\n{log.read_text(errors='replace')[-3000:]}")


def certificates(folder: Path) -> dict[str, Path]:
    """A CA of the clinic, and a certificate with its key for 127.0.0.1, as PEM files."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def name(words: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])

    def signed(subject: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.Certificate:
        moment = datetime.now(UTC)
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("Test CA"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(alternative, critical=False)
            .sign(ca_key, hashes.SHA256())
        )

    ca_key, own_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = own_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    contents = {
        "ca": signed("Test CA", ca_key, is_ca=True).public_bytes(pem),
        "cert": signed("127.0.0.1", own_key, is_ca=False).public_bytes(pem),
        "key": private,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for what, data in contents.items():
        (folder / f"{what}.pem").write_bytes(data)
    return {what: folder / f"{what}.pem" for what in contents}
