"""Peers: which machines of the clinic may deliver, and where reports go."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.storage.sealed import MasterKey
from app.storage.tables import Outbound, Peer, new_id


@dataclass(frozen=True)
class Said:
    """What staff say of a machine; `secret` is the Authorization header of its DICOMweb."""

    name: str
    ae_title: str = ""
    host: str = ""
    port: int = 0
    url: str = ""
    secret: str = ""
    delivers: bool = False
    takes_reports: bool = False
    takes_segmentations: bool = False
    uses_tls: bool = False


def add(session: Session, master: MasterKey, said: Said) -> Peer:
    """A new machine; the caller has checked that the name is free."""
    peer_id = new_id()
    wrapped = master.new_wrapped_key(peer_id)
    values = {name: value for name, value in vars(said).items() if name != "secret"}
    peer = Peer(peer_id=peer_id, wrapped=wrapped, **values)
    if said.secret:
        vault = master.vault(wrapped, peer_id)
        peer.secret = vault.seal(said.secret.encode(), f"peers.secret:{peer_id}")
    session.add(peer)
    session.flush()
    return peer


def secret_of(master: MasterKey, peer: Peer) -> str:
    """The Authorization header that a machine wants, or nothing."""
    if peer.secret is None:
        return ""
    vault = master.vault(peer.wrapped, peer.peer_id)
    return vault.open(peer.secret, f"peers.secret:{peer.peer_id}").decode()


def everyone(session: Session) -> list[Peer]:
    """All machines by name."""
    return list(session.scalars(select(Peer).order_by(Peer.name)))


def find(session: Session, peer_id: str) -> Peer | None:
    """One machine, or None."""
    return session.get(Peer, peer_id)


def by_name(session: Session, name: str) -> Peer | None:
    """The machine of this name, or None."""
    return session.scalar(select(Peer).where(Peer.name == name))


def remove(session: Session, peer: Peer) -> None:
    """Forget a machine; what still waits to be sent there is dropped with it."""
    is_open = Outbound.status.in_(("queued", "failed", "held"))
    session.execute(delete(Outbound).where(Outbound.peer_id == peer.peer_id, is_open))
    session.delete(peer)


def may_deliver(session: Session, ae_title: str, address: str) -> bool:
    """Whether a machine of this AE title delivers, from this address where one was said."""
    query = select(Peer.host).where(Peer.ae_title == ae_title, Peer.delivers.is_(True))
    return any(not host or host == address for host in session.scalars(query))


def taking(session: Session, what: str) -> list[Peer]:
    """The machines that take `report`s or `segmentation`s."""
    column = Peer.takes_reports if what == "report" else Peer.takes_segmentations
    return list(session.scalars(select(Peer).where(column.is_(True)).order_by(Peer.name)))
