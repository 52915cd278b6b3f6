import numpy as np
import pytest

from simulations.ground import build_area
from simulations.planting import Kind, plant
from simulations.sheet import Label, Window, mask_of
from simulations.town import make_district


@pytest.fixture(scope="module")
def district():
    return make_district(4)


@pytest.fixture(scope="module")
def planted(district):
    return plant(district, district.patrol_codes, seed=4)


def around(item, reach=22.0):
    return item.x_m - reach, item.y_m - reach, item.x_m + reach, item.y_m + reach


def first(planted, kind):
    return next(item for item in planted if item.kind is kind)


def test_the_same_ground_is_the_same_in_every_window(district, planted):
    item = first(planted, Kind.UNFINISHED)
    x, y = item.x_m, item.y_m
    one = build_area(district, planted, (x - 40, y - 40, x + 40, y + 40)).sheet
    other = build_area(district, planted, (x - 15, y - 20, x + 55, y + 35)).sheet
    core = Window.around((x - 10, y - 15, x + 35, y + 30))
    for name in ("raised_cm", "label", "albedo"):
        a, b = getattr(one, name)[one.part(core)], getattr(other, name)[other.part(core)]
        assert np.mean(a != b) < 0.002


@pytest.mark.parametrize(
    ("kind", "label", "least"),
    [
        (Kind.NEW_BUILDING, Label.BUILDING, 0.98),
        (Kind.UNFINISHED, Label.CONSTRUCTION, 0.98),
        (Kind.BOAT, Label.BOAT, 0.95),
        (Kind.CAGES, Label.FISHING_GEAR, 0.98),
        (Kind.BURN_SCAR, Label.BURN_SCAR, 0.8),
    ],
)
def test_truth_polygon_holds_its_class(district, planted, kind, label, least):
    item = first(planted, kind)
    sheet = build_area(district, planted, around(item)).sheet
    mask = mask_of(sheet.window, item.polygon) > 0
    inside = sheet.label == label
    assert np.mean(inside[mask]) > least
    assert np.sum(inside & ~mask) < 0.25 * mask.sum()


def test_fire_has_flames_at_its_edge(district, planted):
    fire = first(planted, Kind.BURNING)
    area = build_area(district, planted, around(fire))
    flame = area.sheet.label == Label.FLAME
    near = mask_of(area.sheet.window, fire.polygon.buffer(1.5)) > 0
    assert flame.sum() > 20
    assert flame[near].sum() == flame.sum()
    assert fire.plume in area.plumes


@pytest.mark.parametrize("kind", [Kind.GREENHOUSE, Kind.BALES, Kind.DUST])
def test_twins_have_no_class(district, planted, kind):
    item = first(planted, kind)
    sheet = build_area(district, planted, around(item)).sheet
    assert not np.any(sheet.label[mask_of(sheet.window, item.polygon) > 0])


def test_buildings_stand_higher_than_fields(district, planted):
    item = first(planted, Kind.NEW_BUILDING)
    sheet = build_area(district, planted, around(item)).sheet
    inside = mask_of(sheet.window, item.polygon) > 0
    assert np.median(sheet.raised_cm[inside]) > 300


def test_window_pixels_lie_on_a_grid_of_a_tenth_metre():
    window = Window.around((-3.02, 1.0, 4.0, 6.07), pad_m=0.0)
    assert (window.left_px, window.top_px) == (-31, -61)
    assert window.x_m()[0, 0] == pytest.approx(-3.05, abs=1e-5)
    assert window.y_m()[0, 0] == pytest.approx(6.05, abs=1e-5)
    pixels = window.pixels_from_xy(np.array([[-3.05, 6.05]]))
    assert pixels == pytest.approx(np.zeros((1, 2)), abs=1e-9)


def test_windows_apart_have_no_common_part():
    assert Window(0, 0, 5, 5).clip(Window(5, 0, 5, 5)) is None
    assert Window(0, 0, 5, 5).clip(Window(3, 2, 9, 9)) == Window(3, 2, 2, 3)
