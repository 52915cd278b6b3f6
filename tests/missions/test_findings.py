import string

import pytest

from missions.finding_texts import ENGLISH, MANDARIN
from missions.findings import Code, Finding, Severity, has_errors

FIELDS = {"leg", "place", "value", "limit", "detail"}


@pytest.mark.parametrize("texts", [ENGLISH, MANDARIN])
def test_every_code_has_a_text_and_no_other(texts):
    assert set(texts) == {str(code) for code in Code}


@pytest.mark.parametrize("code", list(Code))
def test_both_languages_tell_the_same_figures(code):
    named = [
        {field for _, field, _, _ in string.Formatter().parse(texts[code]) if field}
        for texts in (ENGLISH, MANDARIN)
    ]
    assert named[0] == named[1] <= FIELDS


@pytest.mark.parametrize("code", list(Code))
def test_english_ends_with_a_remedy(code):
    if code is not Code.FILE_UNREADABLE:  # the reader's own message
        assert ENGLISH[code].count(". ") >= 1


def test_warnings_do_not_forbid_a_flight():
    assert not has_errors([Finding(Code.FENCE_MISSING), Finding(Code.RETURN_FENCE, 1)])
    assert has_errors([Finding(Code.FENCE_MISSING), Finding(Code.FENCE, 1)])


def test_finding_says_severity_and_figures_in_one_line():
    finding = Finding(Code.CLIMB_RATE, 7, 119.95, 31.7, 4.25, 2.5)
    assert finding.severity is Severity.ERROR
    assert str(finding).startswith("error: Leg 7")
    assert "4.2 m/s" in str(finding)
    assert "2.5 m/s" in str(finding)
