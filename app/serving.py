"""The server process: house, supervisor, uvicorn."""

import uvicorn

from app.deps import open_house
from app.logs import start_logging
from app.main import make_app
from app.memory import settle
from app.settings import Settings
from app.staff.login import announce_first_account
from app.supervisor import Supervisor

WELCOME = """
Anteroom is open.
  Patients:  {address}/
  Staff:     {address}/staff
{staff}
"""


def serve(settings: Settings, port: int) -> int:
    """Serve until told to stop; the worker is a child of this process."""
    start_logging()
    house = open_house(settings)
    supervisor = Supervisor(house)
    address = settings.public_url or f"http://{settings.host}:{port}"
    print(WELCOME.format(address=address, staff=announce_first_account(house)), flush=True)  # noqa: T201
    supervisor.start()
    app = make_app(house)
    settle()
    try:
        uvicorn.run(
            app,
            host=settings.host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        supervisor.stop()
    return 0
