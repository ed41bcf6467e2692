"""The librarian's day and the admin's day with adapters and settings, by keyboard; axe is quiet."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.staff.demo import add_demonstration
from app.staff.login import add_staff
from tests.browser.hands import led_on
from tests.browser.test_staff_days import PASSWORD, look_over, new_page, photograph
from tests.builders import drawn_slice, open_test_house, png_bytes
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
PEOPLE = {"Lena": ("librarian",), "Carol": ("admin", "librarian"), "Bob": ("doctor",)}
Findings = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def server(
    compact_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A clinic in which one colleague has to say yes to each picture."""
    data = tmp_path_factory.mktemp("library") / "var"
    house = open_test_house(data)
    add_demonstration(house)
    for name, roles in PEOPLE.items():
        add_staff(house, name, roles, PASSWORD)
    house.engine.dispose()
    adapters = data / "clinic" / "adapters"
    shutil.copytree(compact_model / "adapter", adapters / "copy")
    shutil.copytree(compact_model / "adapter", adapters / "spoilt")
    with (adapters / "spoilt" / "adapter_model.safetensors").open("ab") as weights:
        weights.write(b"x")
    with running_server(data, answer_floor_seconds="0", reference_approvers="1") as running:
        yield running


def add(page: Page, picture: bytes, **said: str) -> None:
    """Fill the form of the library and send it."""
    page.goto("/staff/references")
    file = {"name": "healthy.png", "mimeType": "image/png", "buffer": picture}
    page.get_by_test_id("reference-file").set_input_files([file])  # type: ignore[list-item]
    page.get_by_test_id("reference-body-part").select_option(said.get("region", "knee"))
    page.get_by_test_id("reference-modality").select_option("MR")
    page.get_by_test_id("reference-plane").select_option("sagittal")
    page.get_by_test_id("reference-licence").fill(said.get("licence", ""))
    page.get_by_test_id("reference-consent").fill(said.get("consent", ""))
    page.get_by_test_id("reference-submit").press("Enter")


def first_of(page: Page, region: str) -> str:
    """The address of the newest reference of a region."""
    page.goto(f"/staff/references?region={region}")
    address = page.get_by_test_id("reference-row").first.locator("h3 a").get_attribute("href")
    assert address
    return address


def test_a_librarians_day(server: RunningServer, browser: Browser, findings: Findings) -> None:
    lena, carol = new_page(browser, server, "Lena"), new_page(browser, server, "Carol")
    add(lena, png_bytes(drawn_slice(seed=11)))
    expect(lena.get_by_test_id("error")).to_contain_text("with whose consent")
    add(lena, png_bytes(drawn_slice(seed=11)), consent="binder 4, page 12")
    expect(lena.locator("main")).to_contain_text("waits for a yes")
    address = first_of(lena, "knee")
    lena.goto(address)
    expect(lena.locator(".patient-view img").first).to_be_visible()  # as a patient sees it
    size = lena.locator("[data-picture-edit] img").evaluate("one => one.naturalWidth")
    lena.get_by_text("Turn, crop or cover a name").press("Enter")
    for edge, value in (("left", "10"), ("top", "10"), ("right", "60"), ("bottom", "60")):
        lena.locator(f"#{edge}").fill(value)
    lena.get_by_role("button", name="Cover the box in black").press("Enter")
    expect(lena.locator("main")).to_contain_text("Saved.")
    lena.get_by_text("Turn, crop or cover a name").press("Enter")
    lena.locator("#right").fill("50")
    with led_on(lena):  # the picture too must be there before its width is asked
        lena.get_by_role("button", name="Keep only the box").press("Enter")
    expect(lena.locator("main")).to_contain_text("Saved.")
    photograph(lena, "reference-cropped")
    width = "one => one.naturalWidth"
    assert lena.locator("[data-picture-edit] img").evaluate(width) < size
    lena.get_by_text("Turn, crop or cover a name").press("Enter")
    with led_on(lena):
        lena.get_by_role("button", name="Back to the first picture").press("Enter")
    expect(lena.locator("main")).to_contain_text("Saved.")
    assert lena.locator("[data-picture-edit] img").evaluate(width) == size
    assert findings(lena) == []
    carol.goto(address)
    carol.get_by_test_id("reference-approve").press("Enter")
    first_of(carol, "knee")
    row = carol.get_by_test_id("reference-row").first
    expect(row).to_have_attribute("data-status", "approved")
    carol.goto("/gallery")
    before = carol.locator("[data-testid=reference]").count()
    carol.goto(address)
    carol.on("dialog", lambda dialog: dialog.accept())
    carol.get_by_role("button", name="Withdraw").press("Enter")
    expect(carol.locator("main")).to_contain_text("withdrawn")
    carol.goto("/gallery")
    assert carol.locator("[data-testid=reference]").count() <= before


def zipped() -> bytes:
    """Three lines: a good one, one without a licence, one of an unknown part of the body."""
    lines = ("a.png,foot,X-ray,lateral,CC0", "b.png,foot,X-ray,lateral,", "c.png,toe,CT,axial,CC0")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("list.csv", "\n".join(("file,region,modality,plane,licence", *lines)))
        for seed, name in enumerate("abc", start=31):
            archive.writestr(f"{name}.png", png_bytes(drawn_slice(seed=seed)))
    return target.getvalue()


def test_an_import_names_its_wrong_lines(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    lena = new_page(browser, server, "Lena")
    lena.goto("/staff/references/import")
    file = {"name": "many.zip", "mimeType": "application/zip", "buffer": zipped()}
    lena.locator("#file").set_input_files([file])  # type: ignore[list-item]
    lena.get_by_role("button", name="Bring them in").press("Enter")
    job = lena.locator("[data-testid=import-job][data-status=done]")
    expect(job).to_have_count(1, timeout=240_000)
    expect(job).to_contain_text("3 of 3 lines, 1 taken")
    expect(job).to_contain_text("with whose consent")
    expect(job).to_contain_text("“toe” is not a word of the list.")
    assert findings(lena) == []


def test_an_admin_activates_an_adapter_watches_it_and_rolls_back(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    carol = new_page(browser, server, "Carol")
    carol.goto("/staff/adapters")
    spoilt = carol.locator("[data-adapter=spoilt]")
    expect(spoilt).to_have_attribute("data-state", "refused")
    expect(spoilt).to_contain_text("is not the file the adapter's manifest describes.")
    expect(spoilt.get_by_test_id("adapter-activate")).to_have_count(0)
    copy, shipped = carol.locator("[data-adapter=copy]"), carol.locator("[data-adapter=shipped]")
    for row, other in ((copy, shipped), (shipped, copy)):
        row.get_by_test_id("adapter-activate").press("Enter")
        expect(row).to_have_attribute("data-state", "live", timeout=180_000)
        expect(other).to_have_attribute("data-state", "ready")
    expect(carol.get_by_test_id("adapter-on")).to_contain_text("tensors are in the model")
    copy.get_by_test_id("adapter-activate-special").press("Enter")
    expect(carol.locator("[data-adapter=copy] .tag.state-approved")).to_contain_text(
        "live for CT alone", timeout=180_000
    )
    carol.get_by_test_id("adapter-general").press("Enter")
    expect(copy).to_have_attribute("data-state", "ready", timeout=180_000)
    for summary in copy.locator("summary").all():
        summary.press("Enter")
    photograph(carol, "adapters-open")
    assert findings(carol) == []
    assert str(server.data_dir) not in carol.content()


def test_settings_show_what_they_come_to_before_they_hold(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    carol, patient = new_page(browser, server, "Carol"), new_page(browser, server)
    carol.goto("/staff/settings")
    carol.locator("#name").fill("Hill Clinic")
    carol.locator("#colour").fill("#ffff00")
    carol.locator("#name").press("Enter")
    expect(carol.get_by_test_id("error")).to_contain_text("contrast")
    carol.locator("#colour").fill("#303080")
    carol.locator("#name").press("Enter")
    expect(carol.get_by_test_id("settings-trial")).to_contain_text("Hill Clinic")
    patient.goto("/")
    expect(patient.locator("footer")).not_to_contain_text("Hill Clinic")
    photograph(carol, "settings-trial")
    assert findings(carol) == []
    carol.get_by_test_id("settings-save").press("Enter")
    expect(carol.locator("main")).to_contain_text("Saved.")
    patient.reload()
    expect(patient.locator("footer")).to_contain_text("Hill Clinic")


def test_axe_finds_nothing_on_the_other_staff_pages(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    carol, bob = new_page(browser, server, "Carol"), new_page(browser, server, "Bob")
    wrong = []
    for address in ("settings", "adapters", "clinic", "references", "references/coverage"):
        wrong += look_over(carol, f"/staff/{address}", findings)
    wrong += look_over(carol, "/staff/references/import", findings)
    wrong += look_over(carol, first_of(carol, "abdomen"), findings)
    for address in ("/staff/corrections", "/staff/nothing", "/staff/people"):
        wrong += look_over(bob, address, findings)
    assert wrong == []
