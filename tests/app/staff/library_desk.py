"""What the tests of the library do at the desk: add a picture, read what is kept, let it work."""

from starlette.testclient import TestClient

from app.deps import House
from app.library_work import work_on_library
from app.storage import references
from app.storage.references import Filter
from app.storage.tables import Reference
from model.scripted import ScriptedBackend
from tests.builders import png_bytes
from tests.scripted_model import said_of_picture, scripted_engine

GOOD = {"region": "abdomen", "modality": "CT", "plane": "axial", "licence": "CC0"}


def kept(house: House) -> list[Reference]:
    with house.sessions() as session:
        return references.page_of(session, Filter(), 0, 50)[0]


def add(client: TestClient, picture: bytes | None = None, **said: str) -> tuple[int, str]:
    file = {"file": ("x.png", png_bytes() if picture is None else picture)}
    answer = client.post("/staff/references", data={**GOOD, **said}, files=file)
    return answer.status_code, answer.text


def edition_on(page: str) -> str:
    return page.split('name="edition" value="')[1].split('"')[0]


def work_until_done(house: House) -> None:
    engine = scripted_engine(ScriptedBackend(lambda request: said_of_picture(request, "a liver")))
    while work_on_library(house, engine, "w1"):
        pass
