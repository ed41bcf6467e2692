from datetime import timedelta

import pytest

from app.storage import alerts, staff
from app.storage.database import Sessions
from app.storage.sealed import MasterKey
from app.storage.tables import StaffSession, now


def test_a_token_finds_its_member_and_no_other_token_does(
    sessions: Sessions, master: MasterKey
) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("doctor",))
        token = staff.start_session(session, master, bob.staff_id)
        session.flush()
        found = staff.by_token(session, master, token)
        assert found is not None
        assert found[0].name == "Bob"
        assert staff.by_token(session, master, token + "x") is None
        assert staff.by_token(session, master, "") is None


@pytest.mark.parametrize(
    ("idle_minutes", "age_hours", "is_live", "is_live_for_calls"),
    [(14, 1, True, True), (16, 1, False, True), (1, 9, False, False), (14, 7, True, True)],
)
def test_sessions_end_when_idle_or_old_but_calls_are_heard_on(
    sessions: Sessions,
    master: MasterKey,
    idle_minutes: int,
    age_hours: int,
    is_live: bool,
    is_live_for_calls: bool,
) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("doctor",))
        token = staff.start_session(session, master, bob.staff_id)
        session.flush()
        row = session.query(StaffSession).one()
        row.started_at = now() - timedelta(hours=age_hours)
        row.last_seen_at = now() - timedelta(minutes=idle_minutes)
        session.flush()
        assert (staff.by_token(session, master, token) is not None) is is_live
        heard = staff.by_token(session, master, token, even_idle=True)
        assert (heard is not None) is is_live_for_calls


def test_ten_wrong_passwords_lock_and_every_next_one_doubles_the_wait(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("doctor",))
        for _ in range(9):
            staff.count_failure(bob)
        assert not staff.is_locked(bob)
        staff.count_failure(bob)
        assert staff.is_locked(bob)
        first = bob.locked_until_at
        staff.count_failure(bob)
        assert first is not None
        assert bob.locked_until_at is not None
        assert bob.locked_until_at - first > timedelta(minutes=14)
        staff.forgive(bob)
        assert not staff.is_locked(bob)


def test_a_removed_member_is_out_at_once_and_the_name_is_free(
    sessions: Sessions, master: MasterKey
) -> None:
    with sessions() as session, session.begin():
        staff.add(session, "Carol", "hash", ("admin",))
        bob = staff.add(session, "Bob", "hash", ("doctor",))
        token = staff.start_session(session, master, bob.staff_id)
        session.flush()
        staff.remove(session, bob)
        session.flush()
        assert staff.by_token(session, master, token) is None
        assert staff.by_name(session, "Bob") is None
        assert staff.name_of(session, bob.staff_id) == "Bob"
        staff.add(session, "Bob", "hash", ("nurse",))


def test_the_last_admin_stays(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        carol = staff.add(session, "Carol", "hash", ("admin", "nurse"))
        with pytest.raises(ValueError, match="last admin"):
            staff.remove(session, carol)
        with pytest.raises(ValueError, match="last admin"):
            staff.change_roles(session, carol, ("nurse",))
        staff.add(session, "Erin", "hash", ("admin",))
        staff.change_roles(session, carol, ("nurse",))
        assert carol.roles == ["nurse"]


def test_listening_is_known_for_half_a_minute(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("nurse",))
        staff.start_session(session, master, bob.staff_id)
        session.flush()
        row = session.query(StaffSession).one()
        assert not alerts.is_someone_listening(session)
        staff.listen(row)
        session.flush()
        assert alerts.is_someone_listening(session)
        row.listening_at = now() - timedelta(seconds=31)
        session.flush()
        assert not alerts.is_someone_listening(session)
        staff.listen(row)
        row.ended_at = now()
        session.flush()
        assert not alerts.is_someone_listening(session)


def test_an_alert_rings_once_until_it_is_seen(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        bob = staff.add(session, "Bob", "hash", ("nurse",))
        first = alerts.raise_alert(session, "v" * 32, "medical", is_silent=False)
        assert alerts.raise_alert(session, "v" * 32, "medical", is_silent=False) is first
        assert alerts.median_seconds_to_seen(session) is None
        first.raised_at = now() - timedelta(seconds=40)
        assert alerts.mark_seen(session, first.alert_id, bob.staff_id)
        session.flush()
        assert alerts.unseen(session) == []
        assert alerts.median_seconds_to_seen(session) == pytest.approx(40, abs=2)
        again = alerts.raise_alert(session, "v" * 32, "medical", is_silent=False)
        assert again is not first
        assert not alerts.mark_seen(session, "0" * 32, bob.staff_id)
