"""The one error family of the pages: a key, a status and where to go next."""


class AppError(Exception):
    """Something the person in front of the page can act on.

    The sentence and the next step for `key` stand in templates/errors/error.html.
    """

    def __init__(self, key: str, status: int = 400, next_address: str = "/") -> None:
        """An error with its sentence's key, its HTTP status and the address of the next step."""
        super().__init__(key)
        self.key = key
        self.status = status
        self.next_address = next_address


class SignInNeeded(Exception):
    """A staff page was asked for without a live session."""


class VisitNeeded(Exception):
    """A patient page was asked for without a live tablet session."""
