"""What a request may use: the house built at start, and one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.anatomy.catalogue import Catalogue
from app.anatomy.catalogue import load as load_catalogue
from app.clinicfolder.contents import Clinic
from app.clinicfolder.folder import ClinicFolder
from app.guardrail.check import Guard
from app.references.weights import shipped_weights
from app.settings import Settings
from app.storage import audit
from app.storage.blobs import Blobs
from app.storage.database import Sessions, migrate, open_engine, open_sessions
from app.storage.sealed import MasterKey


@dataclass(frozen=True)
class House:
    """Everything that lives as long as the process: opened once, passed around."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    blobs: Blobs
    master: MasterKey
    clinic: ClinicFolder
    catalogue: Catalogue

    @property
    def guard(self) -> Guard:
        """The guard with the clinic's additions as they stand now."""
        return self.clinic.now.guard


def open_house(settings: Settings) -> House:
    """Open database, blobs, policy and catalogue; a bad file stops the start with its name."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    master = MasterKey(settings.master_key)
    sessions = open_sessions(engine, master)
    _sign_audit(sessions)
    catalogue = load_catalogue()
    clinic = open_clinic(settings, catalogue)
    return House(
        settings=settings,
        engine=engine,
        sessions=sessions,
        blobs=Blobs(settings.resolved_blobs_url),
        master=master,
        clinic=clinic,
        catalogue=catalogue,
    )


def open_clinic(settings: Settings, catalogue: Catalogue) -> ClinicFolder:
    """The clinic's folder, read once: what is wrong in it stops the start with file and line."""
    defaults = Clinic(
        name=settings.clinic_name,
        retention_hours=settings.retention_hours,
        emergency_number=settings.emergency_number,
        crisis_line=settings.crisis_line or settings.emergency_number,
        match_weights=shipped_weights(),
    )
    folder = ClinicFolder(settings.data_dir / "clinic", defaults, catalogue.structures.keys())
    assert folder.now.clinic  # raises PolicyError here rather than in the first request
    return folder


def _sign_audit(sessions: Sessions) -> None:
    """Once, after the audit came from a version whose head was not signed."""
    with sessions() as session, session.begin():
        if audit.is_unsigned(session):
            audit.sign_head(session)


def get_house(request: Request) -> House:
    """The house of this application."""
    house: House = request.app.state.house
    return house


def get_session(house: Annotated[House, Depends(get_house)]) -> Iterator[Session]:
    """One transaction for the request; committed before the response, rolled back on errors."""
    with house.sessions() as session, session.begin():
        yield session


HouseDep = Annotated[House, Depends(get_house)]
# scope="function": without it FastAPI commits only after the response has gone out.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
