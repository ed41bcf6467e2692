"""What the gate only warns of: shown to whoever activates an adapter, refusing nothing."""

from app.deps import House
from tests.app.staff.adapter_folders import GOOD, adapter_folder, page_of
from tests.app.staff.cast import SignedIn


def test_words_that_change_with_the_question_are_shown_and_refuse_nothing(
    ready: House, signed_in: SignedIn
) -> None:
    adapter_folder(ready, shortcuts={**GOOD["shortcuts"], "rephrased_modality_accuracy": 0.1})
    page = page_of(signed_in)
    assert "Names the kind of picture when asked in other words" in page
    assert 'data-adapter="knees" data-state="ready"' in page
