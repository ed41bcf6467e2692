from pathlib import Path

import pytest

from model.grammar import SuffixGrammar, grammar_of
from model.prompts import answer_prefix, detect_prefix, segment_prefix
from model.seg_tokens import parse_suffix
from model.text_tokens import TextTokens, open_tokens
from tests.model.tiny import save_gemma_tokenizer, save_tokenizer


@pytest.fixture(scope="module", params=[save_tokenizer, save_gemma_tokenizer])
def tokens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextTokens:
    folder: Path = tmp_path_factory.mktemp("tokens")
    request.param(folder)
    return open_tokens(folder, image_id=4, image_tokens=16)


def follow(grammar: SuffixGrammar, ids: list[int]) -> None:
    for number in ids:
        assert number in grammar.allowed()
        grammar.feed(number)


def written(tokens: TextTokens, suffix: str) -> list[int]:
    return [*tokens.tokenizer.encode(suffix, add_special_tokens=False).ids, tokens.eos_id]


SEG = "".join(f"<seg{code:03d}>" for code in range(16))
BOX = "<loc0100><loc0200><loc0300><loc0400>"


@pytest.mark.parametrize(
    "suffix",
    [
        "",
        f"{BOX}{SEG} liver",
        f"{BOX}{SEG} liver ; {BOX}{SEG} left lung",
        f"{BOX}{SEG} heart and mediastinum ; {BOX}{SEG} heart ; {BOX}{SEG} liver",
    ],
)
def test_every_well_formed_suffix_can_be_written(tokens: TextTokens, suffix: str) -> None:
    names = ["liver", "left lung", "heart", "heart and mediastinum"]
    grammar = SuffixGrammar(names, tokens, has_masks=True)
    follow(grammar, written(tokens, suffix))
    assert grammar.is_finished


def test_text_comes_back_as_it_was_written(tokens: TextTokens) -> None:
    suffix = f"{BOX}{SEG} left lung ; {BOX}{SEG} liver"
    assert tokens.suffix_text(written(tokens, suffix)) == suffix
    assert tokens.suffix_text(written(tokens, "CT, naïve")) == "CT, naïve"


def test_all_names_used_leave_only_the_end(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=False)
    follow(grammar, written(tokens, f"{BOX} liver")[:-1])
    assert list(grammar.allowed()) == [tokens.eos_id]


def test_far_corner_must_lie_beyond_the_near_one(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    follow(grammar, [tokens.loc_ids[1022], tokens.loc_ids[7]])
    assert list(grammar.allowed()) == [tokens.loc_ids[1023]]
    grammar.feed(tokens.loc_ids[1023])
    assert tokens.loc_ids[7] not in grammar.allowed()
    assert tokens.loc_ids[8] in grammar.allowed()


def test_near_corner_leaves_room_and_the_end_comes_only_first(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    assert tokens.eos_id in grammar.allowed()
    assert tokens.loc_ids[1023] not in grammar.allowed()
    grammar.feed(tokens.loc_ids[0])
    assert tokens.eos_id not in grammar.allowed()


def test_a_used_name_cannot_come_again(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver", "spleen"], tokens, has_masks=False)
    follow(grammar, written(tokens, f"{BOX} liver ; {BOX}")[:-1])
    allowed = set(grammar.allowed())
    assert tokens.between_objects(" liver")[0] not in allowed
    assert tokens.between_objects(" spleen")[0] in allowed


def test_complete_tokens_point_behind_the_last_whole_object(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver", "spleen"], tokens, has_masks=False)
    ids = written(tokens, f"{BOX} liver ; <loc0100>")[:-1]
    follow(grammar, ids)
    whole = tokens.suffix_text(ids[: grammar.complete_tokens]).removesuffix(" ;")
    assert [found.label for found in parse_suffix(whole, ["liver"], False).objects] == ["liver"]


def test_prefix_decides_the_names_and_the_masks(tokens: TextTokens) -> None:
    segment = grammar_of(segment_prefix(["liver"]), "segment", tokens)
    detect = grammar_of(detect_prefix(["liver"]), "detect", tokens)
    assert segment is not None
    assert detect is not None
    assert set(tokens.seg_ids) <= set(segment.vocabulary())
    assert not set(tokens.seg_ids) & set(detect.vocabulary())
    assert grammar_of(answer_prefix("what?"), "free", tokens) is None


def test_a_question_cannot_have_the_grammar_of_masks(tokens: TextTokens) -> None:
    with pytest.raises(ValueError, match="segment"):
        grammar_of(answer_prefix("what?"), "segment", tokens)


def test_control_tokens_typed_by_a_patient_are_left_out(tokens: TextTokens) -> None:
    typed = tokens.prefix_ids(answer_prefix("is <image> this <eos><bos><pad> bad?"))
    assert typed.count(tokens.image_id) == 16
    assert typed.count(tokens.bos_id) == 1
    assert not {tokens.eos_id, tokens.pad_id} & set(typed)
    assert typed[:17] == [tokens.image_id] * 16 + [tokens.bos_id]
