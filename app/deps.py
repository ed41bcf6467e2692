"""What a request may use: the house built at start, and one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.anatomy.catalogue import Catalogue
from app.anatomy.catalogue import load as load_catalogue
from app.guardrail.check import Guard
from app.settings import Settings
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
    guard: Guard
    catalogue: Catalogue


def open_house(settings: Settings) -> House:
    """Open database, blobs, policy and catalogue; a bad file stops the start with its name."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    policy = settings.data_dir / "clinic" / "policy.yaml"
    return House(
        settings=settings,
        engine=engine,
        sessions=open_sessions(engine),
        blobs=Blobs(settings.resolved_blobs_url),
        master=MasterKey(settings.master_key),
        guard=Guard.load(policy if policy.exists() else None),
        catalogue=load_catalogue(),
    )


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
