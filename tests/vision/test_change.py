import json
import sys

import cv2
import numpy as np
import pytest
import rasterio
import shapely

from cli.main import main
from tests.vision.photos import save_model
from vision.change import (
    ChangeRules,
    Epoch,
    Kind,
    Shift,
    difference,
    find_changes,
    find_shift,
    moved,
)

SIDE = 256


def ground(seed=0, side=SIDE):
    """Fields and paths: texture of several sizes."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(0, 1, (side // n, side // n, 3)), (side, side)) for n in (4, 16, 64)
    ]
    return np.clip(110 + 22 * sum(layers), 0, 255).astype(np.uint8)


def with_house(rgb, left=90, top=100, side=50, colour=(200, 60, 50)):
    out = rgb.copy()
    out[top : top + side, left : left + side] = colour
    out[top : top + side : 6, left : left + side] //= 2  # sheets of a roof
    return out


def epoch(rgb, *houses, said=0.9):
    built = np.full(rgb.shape[:2], 0.02, np.float32)
    for left, top, side in houses:
        built[top : top + side, left : left + side] = said
    return Epoch(rgb, built, np.ones(built.shape, bool))


def relit(rgb, gain=0.7, offset=25):
    return np.clip(rgb * np.array([gain, gain * 1.05, gain * 0.9]) + offset, 0, 255).astype(
        np.uint8
    )


def compared(before, after):
    return find_changes(moved(before, find_shift(before.rgb, after.rgb)), after, ChangeRules())


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, -2), (-6, 5), (2.5, 1.5)])
def test_the_shift_of_two_epochs_is_found_in_another_light(right, down):
    after = ground()
    matrix = np.array([[1, 0, -right], [0, 1, -down]], np.float32)
    before = cv2.warpAffine(after, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT_101)
    shift = find_shift(relit(before), after)
    assert (shift.right_px, shift.down_px) == pytest.approx((right, down), abs=0.4)


def test_pictures_of_different_places_are_not_shifted():
    shift = find_shift(ground(1), ground(2))
    assert (shift.right_px, shift.down_px) == (0, 0)


def test_a_new_house_is_found_where_it_stands_and_a_gone_one_too():
    before, after = epoch(ground()), epoch(with_house(ground()), (90, 100, 50))
    (new,) = compared(before, after)
    assert new.kind is Kind.NEW
    house = shapely.box(89.5, 99.5, 139.5, 149.5)
    assert new.polygon_px.intersection(house).area / new.polygon_px.union(house).area > 0.8
    assert new.score == pytest.approx(0.88, abs=0.1)
    (gone,) = compared(after, before)
    assert gone.kind is Kind.VANISHED
    assert gone.polygon_px.intersection(house).area / house.area > 0.8


@pytest.mark.parametrize("off_px", [-3, 0, 3])
def test_a_house_that_stood_before_is_no_change_in_another_light_and_place(off_px):
    rgb = with_house(ground())
    before = epoch(relit(rgb), (90, 100, 50))
    after = epoch(rgb, (90, 100, 50))
    aside = moved(before, Shift(off_px, off_px, 1.0))  # what registration left over
    assert find_changes(aside, after, ChangeRules()) == []


def test_a_house_that_the_model_missed_before_is_no_change_where_the_ground_looks_the_same():
    rgb = with_house(ground())
    assert compared(epoch(relit(rgb)), epoch(rgb, (90, 100, 50))) == []


def test_a_flat_roof_on_flat_ground_is_found():
    flat = np.full((SIDE, SIDE, 3), 120, np.uint8)
    flat[::32] = 90
    roofed = flat.copy()
    roofed[60:180, 60:180] = (60, 90, 200)
    (new,) = find_changes(epoch(flat), epoch(roofed, (60, 60, 120)), ChangeRules())
    assert new.polygon_px.area > 0.9 * 120 * 120


def test_ground_that_looks_different_without_a_building_is_no_change():
    assert compared(epoch(ground()), epoch(with_house(ground(), colour=(20, 90, 20)))) == []


def test_specks_are_no_change():
    before, after = epoch(ground()), epoch(with_house(ground(), side=15), (90, 100, 15))
    assert compared(before, after) == []


def test_where_one_epoch_shows_no_ground_nothing_is_said():
    before = epoch(ground())
    before.valid[:, 60:] = False
    assert find_changes(before, epoch(with_house(ground()), (90, 100, 50)), ChangeRules()) == []


def test_brightness_and_contrast_are_no_difference():
    rgb = ground()
    assert difference(relit(rgb), rgb, 2).max() < 0.2


GSD_DEG = 0.1 / 111_000


def orthophoto(path, rgb, *, left_px=0, bands=3, dtype="uint8", crs="EPSG:4326"):
    transform = rasterio.Affine(
        GSD_DEG / 0.837, 0, 119.3 + left_px * GSD_DEG / 0.837, 0, -GSD_DEG, 33.2
    )
    with rasterio.open(
        path, "w", driver="GTiff", width=rgb.shape[1], height=rgb.shape[0], count=bands,
        dtype=dtype, crs=crs, transform=transform,
    ) as file:  # fmt: skip
        file.write(np.moveaxis(rgb, -1, 0)[:bands].astype(dtype))
    return path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["aerogrid", "change", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.fixture
def model(tmp_path):
    """Red is building, green is construction."""
    pytest.importorskip("onnx")
    folder = tmp_path / "model"
    folder.mkdir()
    manifest = save_model(folder)
    text = manifest.read_text(encoding="utf-8").replace("smoke", "construction")
    manifest.write_text(text, encoding="utf-8")
    return manifest


def test_two_orthophotos_give_new_houses_on_the_map(tmp_path, model, monkeypatch, capsys):
    """Across the edge of two windows of 896 pixels, and on another grid than before."""
    dark = ground(3, 1024)[:320] // 3
    before = orthophoto(tmp_path / "a.tif", dark)
    after = orthophoto(
        tmp_path / "b.tif", with_house(dark, 860, 100, 80, (250, 20, 20))[:, 20:], left_px=20
    )
    out = tmp_path / "c.geojson"
    assert run(monkeypatch, before, after, "--model", model, "--out", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["new"], told["vanished"]) == (1, 0)
    assert told["shared_m2"] == pytest.approx(100.4 * 32, rel=0.02)
    (feature,) = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert feature["properties"]["change"] == "new"
    assert feature["properties"]["area_m2"] == pytest.approx(64, rel=0.2)
    centre = shapely.geometry.shape(feature["geometry"]).centroid
    assert (centre.x - 119.3) / (GSD_DEG / 0.837) == pytest.approx(900, abs=6)
    assert (33.2 - centre.y) / GSD_DEG == pytest.approx(140, abs=6)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"left_px": 5000}, "show no common ground"),
        ({"dtype": "uint16"}, "of uint16; three of 8 bits"),
        ({"bands": 1}, "1 bands"),
    ],
)
def test_orthophotos_that_cannot_be_compared_are_refused(
    tmp_path, model, monkeypatch, capsys, other, said
):
    before = orthophoto(tmp_path / "a.tif", ground())
    after = orthophoto(tmp_path / "b.tif", ground(), **other)
    out = tmp_path / "c.geojson"
    assert run(monkeypatch, before, after, "--model", model, "--out", out) == 1
    assert said in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_a_picture_without_a_place_is_refused(tmp_path, model, monkeypatch, capsys):
    cv2.imwrite(str(tmp_path / "a.png"), ground())
    after = orthophoto(tmp_path / "b.tif", ground())
    assert run(monkeypatch, tmp_path / "a.png", after, "--model", model) == 1
    assert "no picture with map coordinates" in " ".join(capsys.readouterr().err.split())


def test_a_file_that_is_not_there_is_named(tmp_path, model, monkeypatch, capsys):
    after = orthophoto(tmp_path / "b.tif", ground())
    assert run(monkeypatch, tmp_path / "may.tif", after, "--model", model) == 1
    assert "may.tif: no such file" in " ".join(capsys.readouterr().err.split())
