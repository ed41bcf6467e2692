"""What the gate only warns of: shown to whoever activates an adapter, refusing nothing."""

from app.deps import House
from tests.app.staff.adapter_folders import GOOD, adapter_folder, page_of
from tests.app.staff.cast import SignedIn


def test_one_wrong_word_on_a_black_picture_is_shown_and_refuses_nothing(
    ready: House, signed_in: SignedIn
) -> None:
    words = {**GOOD["shortcuts"]["blank_answers"], "plane": "coronal"}
    adapter_folder(ready, shortcuts={**GOOD["shortcuts"], "blank_answers": words})
    page = page_of(signed_in)
    assert "Calls a black picture no scan in every word" in page
    assert 'data-adapter="knees" data-state="ready"' in page
