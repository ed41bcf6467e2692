"""The door over TLS, and the rule for addresses that others can reach."""

from pathlib import Path

import pytest

from app.delivery.listen import make_door, tls_of
from app.deps import House
from app.intake.listener import Bounds
from app.settings import SettingsError, load_settings
from tests.app.delivery.waiting_room import arrivals_in, delivered_series
from tests.dicom_peers import certificates, echoscu, storescu, write_files


def settings_with(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"ANTEROOM_DATA_DIR": str(tmp_path / "own")} | {
        f"ANTEROOM_DICOM_{key.upper()}": value for key, value in more.items()
    }


def test_with_tls_only_callers_with_a_certificate_of_the_clinic_come_in(
    house: House, tmp_path: Path
) -> None:
    made = certificates(tmp_path / "pem")
    files = {f"tls_{what}": str(path) for what, path in made.items()}
    tls = tls_of(load_settings(settings_with(tmp_path, **files)))
    door = make_door(house, tls=tls, bounds=Bounds(handshake_seconds=3))
    port = door.open("127.0.0.1", 0)
    try:
        sent = write_files(tmp_path / "ct", delivered_series(2))
        own = ["+tls", str(made["key"]), str(made["cert"]), "+cf", str(made["ca"])]
        assert storescu(port, sent, *own).returncode == 0
        assert storescu(port, sent, "+tla", "+cf", str(made["ca"])).returncode != 0
        assert echoscu(port) != 0, "plain DICOM"
        assert [one.pictures for one in arrivals_in(house)] == [2]
    finally:
        door.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_plain_dicom_on_an_open_address_needs_an_explicit_word(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="in the clear"):
        load_settings(settings_with(tmp_path, host=host))
    assert load_settings(settings_with(tmp_path, host=host, plain="1")).dicom_host == host


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="together"):
        load_settings(settings_with(tmp_path, tls_cert="a.pem"))
    missing = load_settings(settings_with(tmp_path, tls_cert="a.pem", tls_key="b.pem"))
    with pytest.raises(SettingsError, match="PEM files"):
        tls_of(missing)
