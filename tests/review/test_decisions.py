"""How a reason is written down."""

import pytest

from cases.lifecycle import Action
from review.decisions import REJECT_REASONS, person_name, visible_line, written_reason
from review.errors import DecisionError


@pytest.mark.parametrize("reason", [entry for entry in REJECT_REASONS if entry != "other"])
def test_reason_of_the_list_needs_no_note(reason):
    assert written_reason(Action.REJECT, reason, "") == reason
    assert written_reason(Action.REJECT, reason, "seen on site") == f"{reason}: seen on site"


def test_unknown_reason_names_the_list():
    with pytest.raises(DecisionError, match="permitted, not_object"):
        written_reason(Action.REJECT, "because", "")


def test_other_needs_a_note():
    with pytest.raises(DecisionError, match="note"):
        written_reason(Action.REJECT, "other", "")


def test_other_actions_keep_free_text():
    assert written_reason(Action.REOPEN, "better photo", "") == "better photo"
    assert written_reason(Action.CONFIRM, "", "") == ""


@pytest.mark.parametrize(
    "name", ["Chen Jing", "陈静", "Чен Цзин", "Ιωάννης 7", "Zoë-Ann O'Hara", "A组 王", "Anna Чен"]
)
def test_people_sign_in_any_alphabet(name: str):
    assert person_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("\u0430erogrid", "alphabets"),  # a Cyrillic a
        ("aer\u03bfgrid", "alphabets"),  # a Greek o
        ("Ａｅｒｏｇｒｉｄ", "program's own name"),
        ("aerogrid\ufe0f", "program's own name"),
        ("áerogrid", "program's own name"),
        ("...", "letter or digit"),
        ("   ", "letter or digit"),
        ("\u0301", "letter or digit"),
    ],
)
def test_a_name_that_passes_for_another_is_refused(name: str, why: str):
    with pytest.raises(ValueError, match=why):
        person_name(name)


@pytest.mark.parametrize("blank", "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u2028")
def test_what_looks_like_nothing_is_refused(blank: str):
    with pytest.raises(ValueError, match=f"U\\+{ord(blank):04X}"):
        visible_line(f"Chen{blank}")
