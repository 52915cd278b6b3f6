"""What a person drew stands, whatever the patrol's photos say when they are filed again."""

import pytest
from shapely import box

from cases.drawing import DRAWN, Draughtsman, Ground, Stroke
from cases.errors import DrawingError, KnownCaseError, NoCaseError, NotPermittedError
from cases.filing import propose
from cases.lifecycle import Role
from cases.model import Findings
from cases.people import Area
from cases.registry import Registry
from cases.rules import Rulebook
from cases.zones import NO_ZONES
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.test_registry import file
from tests.cases.world import cell, seen, square

CHEN = Draughtsman("Chen", Role.INSPECTOR, FLOWN)
GROUND = Ground(square(63, 60, 20), 2.0, 400.0)
PIXELS = box(12, 22, 34, 44)


def house(rulebook: Rulebook, *, at_m: float = 60, score: float = 0.9) -> Findings:
    item = seen("house", "building", at_m, 60, 12, score=score, photos=("p1", "p2"))
    return propose([item], rulebook, NO_ZONES, on=DAY, cells=[cell()])


@pytest.fixture
def case_no(registry: Registry, rulebook: Rulebook) -> str:
    [number] = file(registry, rulebook, house(rulebook), patrol_on(0)).new
    return number


def redraw(registry: Registry, case_no: str, ground: Ground | None = GROUND, version: int = 1):
    stroke = Stroke("patrol-0", "p1", 0, PIXELS, ground)
    return registry.redraw(case_no, stroke, actor="Chen", expected_version=version, now=FLOWN)


def test_the_patrol_filed_again_leaves_what_was_drawn(
    registry: Registry, rulebook: Rulebook, case_no: str
):
    drawn = redraw(registry, case_no)
    assert (drawn.area_m2, drawn.sigma_m, drawn.score) == (400.0, 2.0, 0.9)
    result = file(registry, rulebook, house(rulebook, score=0.7), patrol_on(0))
    assert result.same == (case_no,)
    assert registry.case(case_no) == drawn
    result = file(registry, rulebook, Findings((), ()), patrol_on(0))
    assert result.withdrawn == ()
    assert registry.case(case_no) == drawn
    assert registry.verify_chain().is_intact


def test_a_later_patrol_sees_it_anew(registry: Registry, rulebook: Rulebook, case_no: str):
    redraw(registry, case_no)
    assert file(registry, rulebook, house(rulebook, at_m=61), patrol_on(3)).same == (case_no,)
    later = registry.case(case_no)
    assert later.area_m2 == pytest.approx(144.0, rel=0.01)
    assert [entry.polygon_px.equals(PIXELS) for entry in later.evidence] == [True] + [False] * 3


def test_without_a_place_only_the_outline_changes(registry: Registry, case_no: str):
    before = registry.case(case_no)
    after = redraw(registry, case_no, ground=None)
    assert after.polygon.equals(before.polygon)
    assert after.evidence[0].polygon_px.equals(PIXELS)
    assert after.evidence[1].polygon_px.equals(before.evidence[1].polygon_px)


def test_a_drawn_case_is_found_again_and_never_taken_back(registry: Registry, rulebook: Rulebook):
    case = registry.draw(patrol_on(0), house(rulebook), rulebook=rulebook, by=CHEN)
    assert case.why[0].zh == "人工在照片中勾画的建筑物"
    with pytest.raises(KnownCaseError, match=case.case_no):
        registry.draw(patrol_on(0), house(rulebook), rulebook=rulebook, by=CHEN)
    assert file(registry, rulebook, house(rulebook, at_m=61), patrol_on(0)).same == (case.case_no,)
    file(registry, rulebook, Findings((), ()), patrol_on(0))
    assert registry.case(case.case_no) == case
    assert registry.history(case.case_no)[0].details[DRAWN] is True
    assert registry.verify_chain().is_intact


def test_who_may_draw_what(registry: Registry, rulebook: Rulebook, case_no: str):
    stroke = Stroke("patrol-0", "p1", 0, PIXELS, None)
    with pytest.raises(NotPermittedError):
        registry.redraw(
            case_no, stroke, actor="Zhao", role=Role.OFFICER, expected_version=1, now=FLOWN
        )
    with pytest.raises(DrawingError, match="outside your area"):
        registry.within(Area("海口镇")).draw(
            patrol_on(1), house(rulebook, at_m=300), rulebook=rulebook, by=CHEN
        )
    tiny = propose([seen("hut", "building", 300, 60, 2)], rulebook, NO_ZONES, on=DAY)
    with pytest.raises(NoCaseError, match=r"area 4.0 m² is below"):
        registry.draw(patrol_on(1), tiny, rulebook=rulebook, by=CHEN)
