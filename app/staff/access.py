"""Who may do what: one entry for every staff route, and no entry means nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Entry:
    """The roles that may use a route.

    Attributes:
        roles: any one of them is enough.
        is_public: nobody needs to be signed in.
        listens: the route only listens for alerts: it does not count as use of the session, and
            it goes on after the idle time, since a desk that nobody touched must still ring.
    """

    roles: frozenset[str] = frozenset()
    is_public: bool = False
    listens: bool = False


def _roles(*names: str) -> Entry:
    return Entry(roles=frozenset(names))


PUBLIC: Final = Entry(is_public=True)
EVERYBODY: Final = _roles("nurse", "doctor", "librarian", "admin")
CARE: Final = _roles("nurse", "doctor")
LISTENING: Final = Entry(roles=CARE.roles, listens=True)
DOCTOR: Final = _roles("doctor")
GUARD: Final = _roles("doctor", "admin")
LIBRARY: Final = _roles("librarian", "admin")
ADMIN: Final = _roles("admin")

ACCESS: Final[Mapping[tuple[str, str], Entry]] = {
    ("GET", "/staff"): EVERYBODY,
    ("GET", "/staff/first"): PUBLIC,
    ("POST", "/staff/first"): PUBLIC,
    ("GET", "/staff/sign-in"): PUBLIC,
    ("POST", "/staff/sign-in"): PUBLIC,
    ("POST", "/staff/sign-out"): EVERYBODY,
    ("GET", "/staff/password"): EVERYBODY,
    ("POST", "/staff/password"): EVERYBODY,
    ("POST", "/staff/sessions/{session_id}/end"): EVERYBODY,
    ("GET", "/staff/design"): EVERYBODY,
    ("GET", "/staff/design.css"): EVERYBODY,
    ("GET", "/staff/people"): ADMIN,
    ("POST", "/staff/people"): ADMIN,
    ("POST", "/staff/people/{staff_id}/roles"): ADMIN,
    ("POST", "/staff/people/{staff_id}/remove"): ADMIN,
    ("POST", "/staff/people/{staff_id}/sign-out"): ADMIN,
    ("POST", "/staff/people/{staff_id}/unlock"): ADMIN,
    ("GET", "/staff/visits"): CARE,
    ("POST", "/staff/visits"): CARE,
    ("GET", "/staff/visits/{visit_id}"): CARE,
    ("GET", "/staff/visits/{visit_id}/sheet"): CARE,
    ("GET", "/staff/visits/{visit_id}/code.svg"): CARE,
    ("GET", "/staff/visits/{visit_id}/report"): CARE,
    ("GET", "/staff/visits/{visit_id}/report/asset/{name}"): CARE,
    ("POST", "/staff/visits/{visit_id}/report/print"): CARE,
    ("GET", "/staff/visits/{visit_id}/report.pdf"): CARE,
    ("GET", "/staff/visits/{visit_id}/doctor.pdf"): DOCTOR,
    ("POST", "/staff/visits/{visit_id}/level"): CARE,
    ("POST", "/staff/visits/{visit_id}/pause"): CARE,
    ("POST", "/staff/visits/{visit_id}/close"): CARE,
    ("POST", "/staff/visits/{visit_id}/reopen"): CARE,
    ("POST", "/staff/visits/{visit_id}/erase"): CARE,
    ("POST", "/staff/visits/{visit_id}/scans"): CARE,
    ("GET", "/staff/visits/{visit_id}/scans/{scan_id}.png"): CARE,
    ("GET", "/staff/visits/{visit_id}/scans/{scan_id}.svg"): CARE,
    ("GET", "/staff/visits/{visit_id}/scans/{scan_id}/regions"): DOCTOR,
    ("POST", "/staff/visits/{visit_id}/scans/{scan_id}/regions"): DOCTOR,
    ("POST", "/staff/visits/{visit_id}/note"): DOCTOR,
    ("POST", "/staff/visits/{visit_id}/turns/{turn_id}/release"): DOCTOR,
    ("GET", "/staff/corrections"): DOCTOR,
    ("POST", "/staff/corrections"): DOCTOR,
    ("POST", "/staff/visits/{visit_id}/expected"): CARE,
    ("POST", "/staff/visits/{visit_id}/record"): DOCTOR,
    ("GET", "/staff/arrivals"): CARE,
    ("GET", "/staff/arrivals/{arrival_id}"): CARE,
    ("POST", "/staff/arrivals/{arrival_id}/attach"): CARE,
    ("POST", "/staff/arrivals/{arrival_id}/take-back"): CARE,
    ("GET", "/staff/alerts"): LISTENING,
    ("GET", "/staff/alerts/stream"): LISTENING,
    ("POST", "/staff/alerts/{alert_id}/seen"): LISTENING,
    ("POST", "/staff/alerts/{alert_id}/close"): CARE,
    ("GET", "/staff/tablets"): CARE,
    ("POST", "/staff/tablets"): CARE,
    ("POST", "/staff/tablets/{tablet_id}/code"): CARE,
    ("POST", "/staff/tablets/{tablet_id}/unpair"): CARE,
    ("GET", "/staff/pair"): PUBLIC,
    ("POST", "/staff/pair"): PUBLIC,
    ("GET", "/staff/handover"): CARE,
    ("POST", "/staff/handover"): CARE,
    ("POST", "/staff/handover/{handover_id}/take"): CARE,
    ("GET", "/staff/references"): LIBRARY,
    ("POST", "/staff/references"): LIBRARY,
    ("GET", "/staff/references/coverage"): LIBRARY,
    ("GET", "/staff/references/import"): LIBRARY,
    ("POST", "/staff/references/import"): LIBRARY,
    ("GET", "/staff/references/{reference_id}"): LIBRARY,
    ("POST", "/staff/references/{reference_id}"): LIBRARY,
    ("GET", "/staff/references/{reference_id}/picture.png"): LIBRARY,
    ("POST", "/staff/references/{reference_id}/picture"): LIBRARY,
    ("POST", "/staff/references/{reference_id}/replace"): LIBRARY,
    ("GET", "/staff/references/{reference_id}/overlay.svg"): LIBRARY,
    ("POST", "/staff/references/{reference_id}/approve"): LIBRARY,
    ("POST", "/staff/references/{reference_id}/withdraw"): LIBRARY,
    ("GET", "/staff/peers"): ADMIN,
    ("POST", "/staff/peers"): ADMIN,
    ("POST", "/staff/peers/{peer_id}/remove"): ADMIN,
    ("POST", "/staff/peers/{peer_id}/echo"): ADMIN,
    ("GET", "/staff/adapters"): ADMIN,
    ("POST", "/staff/adapters"): ADMIN,
    ("GET", "/staff/settings"): ADMIN,
    ("POST", "/staff/settings"): ADMIN,
    ("POST", "/staff/settings/policy"): ADMIN,
    ("POST", "/staff/settings/logo"): ADMIN,
    ("GET", "/staff/settings/paper"): ADMIN,
    ("POST", "/staff/settings/paper"): ADMIN,
    ("GET", "/staff/settings/paper/asset/{name}"): ADMIN,
    ("POST", "/staff/settings/earlier"): ADMIN,
    ("GET", "/staff/settings/preview.css"): ADMIN,
    ("GET", "/staff/guard"): GUARD,
    ("POST", "/staff/guard"): GUARD,
    ("GET", "/staff/clinic"): ADMIN,
    ("GET", "/staff/clinic/audit"): ADMIN,
    ("GET", "/staff/clinic/audit.csv"): ADMIN,
}

HOME: Final = (
    ("doctor", "/staff/visits"),
    ("nurse", "/staff/visits"),
    ("librarian", "/staff/references"),
    ("admin", "/staff/clinic"),
)
"""Where a member lands after signing in: the first role they hold decides."""

LEVELS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "nurse": ("hold", "anatomy", "guarded"),
    "doctor": ("hold", "anatomy", "guarded", "full"),
}
"""The release levels that each role may set."""


def levels_for(roles: frozenset[str]) -> tuple[str, ...]:
    """The release levels that somebody with these roles may set, lowest first."""
    own = {level for role in roles for level in LEVELS_OF.get(role, ())}
    return tuple(level for level in LEVELS_OF["doctor"] if level in own)
