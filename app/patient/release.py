"""What a release level lets this visit show now; read anew with every request."""

from dataclasses import dataclass

from app.storage.tables import Visit


@dataclass(frozen=True)
class Allowed:
    """What may be shown: the look, answers about conditions, the doctor's own words."""

    look: bool
    conditions: bool
    doctors_words: bool


_BY_LEVEL = {
    "hold": Allowed(look=False, conditions=False, doctors_words=False),
    "anatomy": Allowed(look=True, conditions=False, doctors_words=False),
    "guarded": Allowed(look=True, conditions=True, doctors_words=False),
    "full": Allowed(look=True, conditions=True, doctors_words=True),
}


def allowed(visit: Visit) -> Allowed:
    """What this visit may show now; pausing holds everything, an unknown level too."""
    level = "hold" if visit.paused else visit.release_level
    return _BY_LEVEL.get(level, _BY_LEVEL["hold"])
