"""The contact sheet shows what became a case first, and every class before many roofs."""

from dataclasses import replace

import shapely

from cases.drawing import DRAWN
from cases.model import Case, Evidence
from cases.rule_files import load_rulebook
from geo.camera import Camera
from pipeline.picturing import MOST_TILES, choose_tiles, in_turns
from tests.dispatch.world import case
from vision.model import Detection, Frame

CATEGORIES = load_rulebook().categories
MIDDLE, EDGE = shapely.box(400, 300, 460, 340), shapely.box(0, 300, 90, 360)


def frame(name: str) -> Frame:
    camera = Camera.centred(1000, 750, 900.0)
    return Frame(name, f"{name}.jpg", "ab", 1000, 750, None, camera, None, None)


def evidence(photo_id: str, class_name: str, polygon_px=MIDDLE, patrol_id: str = "p") -> Evidence:
    return Evidence(patrol_id, photo_id, "ab", class_name, polygon_px)


def seen(number: int, category: str, urgency: int, *items: Evidence) -> Case:
    return replace(case(number, category), urgency=urgency, evidence=items)


def test_cases_come_first_the_urgent_ones_before_all_and_roofs_without_case_last():
    frames = [frame(name) for name in "abcd"]
    roofs = [Detection("d", "building", 0.99, MIDDLE)] * 50
    cases = [
        seen(1, "building.unpermitted", 3, evidence("a", "building")),
        seen(2, "burning.straw", 1, evidence("b", "flame"), evidence("b", "smoke")),
        seen(3, "fishing.boat", 2, evidence("c", "boat")),
    ]
    tiles = choose_tiles(frames, roofs, cases, CATEGORIES, "p")
    assert [tile.frame.photo_id for tile in tiles] == ["b", "c", "a", "d"]
    assert tiles[0].title.startswith("0002  Open straw burning")
    assert {mark.text for mark in tiles[0].marks} == {"flame", "smoke"}
    assert tiles[-1].title == "no case: 50 building"


def test_a_case_is_shown_by_the_photo_that_shows_it_whole():
    frames = [frame(name) for name in "ab"]
    cut = seen(1, "fishing.boat", 2, evidence("a", "boat", EDGE), evidence("b", "boat"))
    [tile] = choose_tiles(frames, [], [cut], CATEGORIES, "p")
    assert tile.frame.photo_id == "b"
    assert tile.focus_px == MIDDLE.bounds


def test_a_case_that_somebody_drew_has_no_score():
    found = seen(1, "fishing.boat", 2, evidence("a", "boat"))
    by_hand = replace(seen(2, "fishing.boat", 2, evidence("b", "boat")), model_sha256=DRAWN)
    frames = [frame(name) for name in "ab"]
    titles = [tile.title for tile in choose_tiles(frames, [], [found, by_hand], CATEGORIES, "p")]
    assert sorted(titles) == [
        f"0001  Boat on closed water, score {found.score:.2f}",
        "0002  Boat on closed water, drawn by hand",
    ]


def test_a_case_that_only_another_patrol_saw_is_not_shown():
    other = seen(1, "fishing.boat", 2, evidence("a", "boat", patrol_id="other"))
    assert choose_tiles([frame("a")], [], [other], CATEGORIES, "p") == []


def test_one_fire_is_not_hidden_by_a_hundred_roofs():
    found = {f"r{n:03d}": [Detection("", "building", 0.99, MIDDLE)] * 9 for n in range(100)}
    found["fire"] = [Detection("", "flame", 0.4, MIDDLE)]
    found["boat"] = [Detection("", "boat", 0.5, MIDDLE)]
    assert in_turns(found)[:3] == ["fire", "boat", "r000"]
    frames = [frame(name) for name in found]
    everything = [replace(item, photo_id=name) for name in found for item in found[name]]
    tiles = choose_tiles(frames, everything, [], CATEGORIES, "")
    assert len(tiles) == MOST_TILES
    assert tiles[0].title == "1 flame"


def test_a_torn_photo_is_left_out():
    torn = replace(frame("a"), reasons=("unreadable: truncated",))
    assert choose_tiles([torn], [Detection("a", "boat", 0.9, MIDDLE)], [], CATEGORIES, "") == []
