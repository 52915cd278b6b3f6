"""Photos of all patrols are found by place and time."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box
from shapely.geometry import mapping

from cli.main import main
from geo.pose import Attitude, GeoPoint, Pose
from pipeline import analysis, photo_index
from pipeline.errors import PhotoIndexError, PipelineError
from pipeline.inputs import Inputs, read_inputs
from pipeline.photo_index import BEGIN, PhotoIndex
from pipeline.retiring import retire
from pipeline.settings import Locating, Settings
from pipeline.workspace import Workspace
from simulations.recording import write_photo
from tests.pipeline.rendered import CAMERA
from tests.pipeline.test_reporting import BUILDING, SMOKE, file_patrol
from tests.pipeline.test_retiring import LATER, decide
from tests.vision.photos import textured
from vision.frame_table import read_frame_table

START = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
NOT_ADJUSTED = Settings(locating=Locating(adjust=False))


def item(number: int, west: float, south: float, hour: int) -> dict:
    ground = box(west, south, west + 2.0, south + 1.0)
    at = (START + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")
    return {"id": str(number), "geometry": mapping(ground), "properties": {"datetime": at}}


places = st.tuples(
    st.floats(-100, 100).map(lambda v: round(v, 3)),
    st.floats(-50, 50).map(lambda v: round(v, 3)),
    st.integers(0, 48),
)


@given(
    photos=st.lists(places, max_size=12),
    x=st.floats(-100, 100),
    y=st.floats(-50, 50),
    size=st.floats(0.1, 80),
    hours=st.tuples(st.integers(0, 48), st.integers(0, 48)),
)
def test_exactly_the_photos_that_show_an_area_in_a_time_are_found(photos, x, y, size, hours):
    items = [item(number, *photo) for number, photo in enumerate(photos)]
    area = Point(x, y).buffer(size)
    first, last = (START + timedelta(hours=hour) for hour in sorted(hours))
    with PhotoIndex.opened(Path(":memory:"), is_new=True) as index:
        index.put("patrol", "a" * 64, items)
        found = index.search(area, first, last)
    expected = {
        told["id"]
        for told in items
        if shapely.intersects(area, shapely.geometry.shape(told["geometry"]))
        and first <= datetime.fromisoformat(told["properties"]["datetime"]) < last
    }
    assert {told["id"] for told in found} == expected
    assert len(found) == len(expected)
    times = [told["properties"]["datetime"] for told in found]
    assert times == sorted(times)


@given(photos=st.lists(places, max_size=12), limit=st.integers(1, 5))
def test_pages_are_all_that_is_found_in_its_order(photos, limit):
    items = [item(number, *photo) for number, photo in enumerate(photos)]
    area = box(-180, -90, 180, 90)
    with PhotoIndex.opened(Path(":memory:"), is_new=True) as index:
        index.put("patrol", "a" * 64, items)
        found, after = [], BEGIN
        while after is not None:
            page, after = index.page(area, after=after, limit=limit)
            assert len(page) == limit or after is None
            found += page
        assert found == index.search(area)


EARTH = box(-180, -90, 180, 90)


@given(
    photos=st.lists(places, min_size=3, max_size=30),
    x=st.floats(-100, 100),
    hours=st.tuples(st.integers(0, 48), st.integers(0, 48)),
    limit=st.integers(1, 4),
)
def test_pages_of_a_large_area_are_all_that_is_found_there(photos, x, hours, limit):
    items = [item(number, *photo) for number, photo in enumerate(photos)]
    area = box(-180, -90, x, 90)
    first, last = (START + timedelta(hours=hour) for hour in sorted(hours))
    with (
        pytest.MonkeyPatch.context() as patch,
        PhotoIndex.opened(Path(":memory:"), is_new=True) as index,
    ):
        patch.setattr(photo_index, "_MANY", 2)
        index.put("patrol", "a" * 64, items)
        found, after = [], BEGIN
        while after is not None:
            page, after = index.page(area, first, last, after=after, limit=limit)
            assert len(page) == limit or after is None
            found += page
        assert found == index.search(area, first, last)


def test_pages_of_everything_are_walked_in_order_and_not_sorted(tmp_path):
    path = tmp_path / "photos.sqlite"
    with PhotoIndex.opened(path, is_new=True) as index:
        index.put("patrol", "a" * 64, [item(n, 0.0, 0.0, 48 - n % 48) for n in range(200)])
        pages = index.page(EARTH, limit=5), index.page(EARTH, after=(START.timestamp(), 9), limit=5)
    asked = {"first_s": 0.0, "last_s": 9e9, "after_s": 0.0, "after_id": 0}
    with closing(sqlite3.connect(path)) as read:
        plan = read.execute(f"EXPLAIN QUERY PLAN {photo_index._IN_ORDER}", asked).fetchall()
        assert "photos_in_order" in str(plan)
        assert "TEMP B-TREE" not in str(plan)
        for name in ("photos_in_order", "photos_by_name"):
            read.execute(f"DROP INDEX {name}")  # as in a file of before
    with PhotoIndex.opened(path) as index:
        before = (
            index.page(EARTH, limit=5),
            index.page(EARTH, after=(START.timestamp(), 9), limit=5),
        )
    assert before == pages
    with PhotoIndex.opened(path, is_new=True), closing(sqlite3.connect(path)) as read:
        assert "photos_in_order" in str(read.execute("PRAGMA index_list(photos)").fetchall())


def test_the_extent_is_that_of_all_photos():
    with PhotoIndex.opened(Path(":memory:"), is_new=True) as index:
        assert index.extent() is None
        told = [item(n, -100.0 + 1.7 * (n * 37 % 100), -50.3 + n % 90, n % 48) for n in range(500)]
        index.put("patrol", "a" * 64, told)
        bounds, times = index.extent()
        index.put("patrol", "b" * 64, [])
        assert index.extent() is None
    grounds = shapely.union_all([shapely.geometry.shape(one["geometry"]) for one in told])
    assert bounds == pytest.approx(grounds.bounds, abs=1e-4)
    assert box(*bounds).covers(grounds)
    assert times == (START, START + timedelta(hours=47))


@pytest.fixture(scope="module")
def patrol(tmp_path_factory) -> Workspace:
    """Three photos in a row to the north, 200 m apart, from 100 m above ground."""
    root = tmp_path_factory.mktemp("indexed")
    take_photos(root / "photos", "012")
    (root / "photos" / "torn.jpg").write_bytes(b"")
    workspace = Workspace(root / "patrols" / "monday")
    analysis.ingest(workspace, Inputs(root / "photos"), NOT_ADJUSTED)
    return workspace


def take_photos(folder: Path, names: str) -> None:
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        position = GeoPoint(119.95, 32.1 + 0.0018 * number, 105.0)
        pose = Pose(position, Attitude(0.0, -90.0))
        at = START + timedelta(minutes=number)
        path = folder / f"{name}.jpg"
        write_photo(path, textured(seed=number), pose, CAMERA, at, height_home_m=100.0)


def find(monkeypatch, capsys, *arguments: object) -> dict:
    monkeypatch.setattr("sys.argv", ["aerogrid", "photos", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    told = capsys.readouterr()
    assert not stop.value.code, told.err
    return json.loads(told.out) if "--json" in arguments else {"said": told.out}


def test_the_pictures_of_a_roof_are_found_and_lead_to_their_files(
    patrol, tmp_path, monkeypatch, capsys
):
    index = tmp_path / "photos.sqlite"
    assert "3 photos in" in find(monkeypatch, capsys, "add", patrol.root, "--index", index)["said"]
    told = find(monkeypatch, capsys, "find", "--at", "119.9503,32.1018", "--index", index, "--json")
    (photo,) = told["features"]
    assert photo["id"] == "1"
    path = (index.parent / photo["assets"]["photo"]["href"]).resolve()
    assert path == (read_inputs(patrol).photos / "1.jpg").resolve()
    assert photo["properties"]["gsd"] == pytest.approx(0.2, rel=0.01)

    area = tmp_path / "roofs.geojson"
    shape = mapping(box(119.9499, 32.0999, 119.9501, 32.102))
    area.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {}, "geometry": shape}],
            }
        )
    )
    given_ = ("find", "--within", area, "--index", index)
    told = find(monkeypatch, capsys, *given_, "--from", "2026-06-15T10:00:30+08:00", "--json")
    assert [photo["id"] for photo in told["features"]] == ["1"]
    said = find(monkeypatch, capsys, *given_, "--out", tmp_path / "found.json")["said"]
    assert "2 photos" in said
    assert len(json.loads((tmp_path / "found.json").read_text())["features"]) == 2


def test_a_patrol_without_frames_keeps_no_other_out(patrol, tmp_path, monkeypatch, capsys):
    """As one that a campaign has in hand, in the midst of `patrols/*`."""
    (tmp_path / "catalog.json").write_text("{}")  # of `aerogrid stac`
    (tmp_path / "at-work").mkdir()
    given = (tmp_path / "at-work", tmp_path / "catalog.json", patrol.root)
    monkeypatch.setattr("sys.argv", ["aerogrid", "photos", "add", *map(str, given)])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="3"):
        main()
    told = capsys.readouterr()
    assert "3 photos in photos.sqlite" in told.out
    assert "at-work" in told.err
    assert "catalog" not in told.err


def test_times_that_are_exchanged_are_refused(tmp_path, monkeypatch, capsys):
    times = ("--from", "2026-06-16T00:00+08:00", "--to", "2026-06-15T00:00+08:00")
    monkeypatch.setattr("sys.argv", ["aerogrid", "photos", "find", "--at", "119.9,32.1", *times])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert "is not before --to" in capsys.readouterr().err


def test_a_folder_of_patrols_is_refused_with_what_to_give(patrol, tmp_path):
    out = patrol.root.parent
    with (
        PhotoIndex.opened(tmp_path / "photos.sqlite", is_new=True) as index,
        pytest.raises(PhotoIndexError, match=rf"holds some \({patrol.root.name}\).*{out}/\*$"),
    ):
        index.add(Workspace(out))


def test_a_patrol_that_changed_is_taken_in_anew_and_doubles_nothing(patrol, tmp_path):
    with PhotoIndex.opened(tmp_path / "photos.sqlite", is_new=True) as index:
        assert index.add(patrol) == 3
        assert index.add(patrol) is None
        folder = os.path.relpath(patrol.root, tmp_path)
        index.put(folder, "of earlier frames", [item(1, 0.0, 0.0, 0)])
        assert index.add(patrol) == 3
        assert len(index) == 3
        assert index.search(box(-1, -1, 3, 3)) == []


def ids(index: PhotoIndex) -> list[str]:
    return [told["id"] for told in index.search(EARTH)]


def test_a_patrol_that_was_renamed_is_found_once(patrol, tmp_path, monkeypatch, capsys):
    shutil.copytree(patrol.root.parent.parent, tmp_path / "land")
    old, index = tmp_path / "land" / "patrols" / "monday", tmp_path / "photos.sqlite"
    find(monkeypatch, capsys, "add", old, "--index", index)
    new = old.rename(old.with_name("tuesday"))
    assert "6 photos in" in find(monkeypatch, capsys, "add", new, "--index", index)["said"]
    assert "3 photos in" in find(monkeypatch, capsys, "add", "--prune", "--index", index)["said"]
    with PhotoIndex.opened(index) as opened:
        assert ids(opened) == ["0", "1", "2"]
        assert opened.extent() is not None
        assert {told["properties"]["aerogrid:patrol"] for told in opened.search(EARTH)} == {
            "tuesday"
        }
        assert opened.prune() == []
        assert opened.add(Workspace(new)) is None
    monkeypatch.setattr("sys.argv", ["aerogrid", "photos", "add", "--index", str(index)])
    with pytest.raises(SystemExit, match="2"):
        main()


def test_patrols_are_removed_all_or_none(patrol, tmp_path, monkeypatch, capsys):
    index = tmp_path / "photos.sqlite"
    with PhotoIndex.opened(index, is_new=True) as opened:
        opened.add(patrol)
        opened.put("gone", "a" * 64, [item(7, 0.0, 0.0, 0)])
        with pytest.raises(PhotoIndexError, match=r"elsewhere: is no patrol of .*photos\.sqlite"):
            opened.remove([patrol, Workspace(tmp_path / "elsewhere")])
        assert ids(opened) == ["0", "7", "1", "2"]
    told = find(monkeypatch, capsys, "remove", tmp_path / "gone", "--index", index)["said"]
    assert "1 photo of 1 patrol forgotten" in told
    with PhotoIndex.opened(index) as opened:
        assert ids(opened) == ["0", "1", "2"]
        assert opened.remove([patrol, patrol]) == [3]
        assert len(opened) == 0
        assert opened.extent() is None
        assert opened.add(patrol) == 3


def test_a_retired_photo_is_found_no_more(tmp_path):
    workspace, everywhere = Workspace(tmp_path / "patrol"), box(-180, -90, 180, 90)
    take_photos(tmp_path / "photos", "abc")
    analysis.ingest(workspace, Inputs(tmp_path / "photos"), NOT_ADJUSTED)
    (tmp_path / "photos").rename(workspace.photos)
    file_patrol(workspace, list(read_frame_table(workspace.frames)))
    decide(workspace, reject=BUILDING)
    decide(workspace, reject=SMOKE)
    with PhotoIndex.opened(tmp_path / "photos.sqlite", is_new=True) as index:
        assert index.add(workspace) == 3
        went, _ = retire(workspace, LATER, now=LATER)
        assert [frame.path for frame, _ in went.going] == ["c.jpg"]
        assert index.add(workspace) == 2
        assert [told["id"] for told in index.search(everywhere)] == ["a", "b"]
        assert index.add(workspace) is None


def test_what_is_no_index_is_refused_by_name(tmp_path):
    (tmp_path / "other.sqlite").write_bytes(b"no database" * 100)
    for name, said in (("none", "is not there"), ("other", "cannot be used")):
        path = tmp_path / f"{name}.sqlite"
        with (
            pytest.raises(PipelineError, match=rf"{name}\.sqlite: {said}"),
            PhotoIndex.opened(path),
        ):
            pass
