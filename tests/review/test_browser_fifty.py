"""Fifty cases reviewed by keyboard only, as fast as the page shows them, in headless Chromium."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cases.model import Findings, PatrolRecord
from cases.registry import Registry
from cases.rule_files import load_rulebook
from review.sources import ReviewData, ReviewSources
from vision.frame_table import read_frame_table

from .conftest import CHROMIUM, FLOWN, PATROL, make_proposal
from .test_browser import give_name, open_case, wait_for_another

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

MANY = 50


@pytest.fixture
def sources(sources: ReviewSources, tmp_path: Path) -> ReviewSources:
    """The photos of the district with fifty cases."""
    [photos] = sources.patrols
    hashes = {frame.photo_id: frame.sha256 for frame in read_frame_table(photos.table)}
    proposals = tuple(
        replace(
            make_proposal(number, "fishing.gear", "fishing_gear", ["flight/c"]),
            score=0.9 - number / 100,
        )
        for number in range(MANY)
    )
    path = tmp_path / "fifty.sqlite"
    with Registry.open(path) as registry:
        patrol = PatrolRecord(PATROL, FLOWN, "ab" * 32, hashes)
        registry.file(patrol, Findings(proposals, ()), rulebook=load_rulebook(), now=FLOWN)
    return replace(sources, registry=path)


def test_fifty_cases_are_reviewed_by_keyboard_only(page, data: ReviewData):
    decided: dict[str, str] = {}
    for number in range(MANY):
        no = open_case(page)
        assert no not in decided
        if number % 3:
            page.keyboard.press("c")
            decided[no] = "confirm"
        else:
            page.keyboard.press("x")
            page.keyboard.press("2")
            decided[no] = "reject"
        if number == 0:
            give_name(page)
        if number < MANY - 1:
            wait_for_another(page, no)
    page.get_by_text("Nothing to review").wait_for()
    for no, action in decided.items():
        steps = [event for event in data.registry.history(no) if event.action != "file"]
        assert [(event.action, event.actor) for event in steps] == [(action, "Chen Jing")]
    stages = Counter(case.stage.value for case in data.registry.cases())
    assert stages == {"rejected": 17, "established": 33}
    page.keyboard.press("u")
    page.locator(".photo .number", has_text=no).wait_for()
    assert data.registry.case(no).stage == "reported"
    assert data.registry.verify_chain().is_intact
