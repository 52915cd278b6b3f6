"""How a reason is written down."""

import pytest

from cases.lifecycle import Action
from review.decisions import REJECT_REASONS, written_reason
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
