"""The verb `plan` beyond a plain survey, and `preview`: as an operator calls them."""

import json
import re

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely import LineString, Point, box

from flight.log import read_tlog
from geo import raster
from geo.errors import TerrainError
from geo.formats import write_features
from geo.frames import LocalFrame
from missions.drones import drone_named
from missions.mission_json import read_sortie
from missions.open_file import read_mission
from missions.overlap import overlap_map, poses
from tests.cli.test_main import run

FRAME = LocalFrame(120.13, 32.51)
CODE, OTHER = "320623101201001", "320623101201002"
CELL, BESIDE = box(0, 0, 260, 220), box(300, 0, 500, 200)


@pytest.fixture
def cells(tmp_path):
    return grid(tmp_path / "cells.geojson", CELL)


def grid(path, *shapes):
    codes = (CODE, OTHER)
    records = [
        {"code": c, "geometry": FRAME.to_lonlat(s)} for c, s in zip(codes, shapes, strict=False)
    ]
    write_features(path, "cells", records)
    return path


def relief(path):
    """A DEM with a hill of 60 m in the cell."""
    x, y = np.meshgrid((np.arange(200) - 100) * 0.0001, (100 - np.arange(200)) * 0.0001)
    heights = 60 * np.exp(-(((x - 0.0014) / 0.0012) ** 2) - ((y - 0.001) / 0.0012) ** 2)
    transform = Affine(0.0001, 0, 120.12, 0, -0.0001, 32.52)
    profile = {"driver": "GTiff", "width": 200, "height": 200, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=transform) as file:
        file.write(heights.astype(np.float32), 1)
    return path


def told(capsys):
    return re.sub(r"\s+", " ", "".join(capsys.readouterr()))


def test_every_format_asked_for_is_written_and_can_be_read(cells, tmp_path, monkeypatch):
    wanted = ("litchi", "fence", "kml", "geojson", "gpkg")
    asked = [text for name in wanted for text in ("--format", name)]
    out = tmp_path / "plans"
    assert run(monkeypatch, "plan", "--grids", cells, "--out", out, *asked) == 0
    for name in (".plan", ".waypoints", ".mission.json", ".kmz", ".csv"):
        assert read_mission(out / f"{CODE}-1{name}").items
    beside = {f"{CODE}.html", f"{CODE}.png", "map.html", f"{CODE}-1.fence", f"{CODE}-1.rally"}
    assert beside | {"plan.kml", "plan.geojson", "plan.gpkg"} <= {p.name for p in out.iterdir()}


def test_unknown_format_is_refused_with_those_that_are_known(cells, monkeypatch, capsys):
    assert run(monkeypatch, "plan", "--grids", cells, "--format", "shp") == 1
    assert "'kmz', 'litchi', 'fence', 'kml', 'geojson' or 'gpkg'" in told(capsys)


def test_zone_and_hill_are_planned_around_and_the_check_agrees(
    cells, tmp_path, monkeypatch, capsys
):
    zones, dem, out = tmp_path / "zones.geojson", relief(tmp_path / "dem.tif"), tmp_path / "plans"
    closed = FRAME.to_lonlat(box(100, -50, 140, 100))
    write_features(zones, "zones", [{"name": "school", "geometry": closed}])
    around = ("--dem", dem, "--airspace", zones)
    plan = ("plan", "--grids", cells, "--follow", "8", "--out", out, "--json", *around)
    assert run(monkeypatch, *plan) == 0
    assert json.loads(capsys.readouterr().out)["return_height_m"] >= 20
    sorties = [read_sortie(path) for path in out.glob("*.mission.json")]
    assert len({item.altitude_m for s in sorties for item in s.items if item.command == 16}) > 2
    assert run(monkeypatch, "check", out, *around) == 0
    assert run(monkeypatch, "plan", "--grids", cells, "--out", tmp_path / "blind") == 0
    assert run(monkeypatch, "check", tmp_path / "blind", *around) == 3


def test_of_a_dem_too_large_for_memory_the_part_that_is_needed_is_read(
    cells, tmp_path, monkeypatch
):
    dem, out = relief(tmp_path / "dem.tif"), tmp_path / "plans"
    monkeypatch.setattr(raster, "MOST_PIXELS", 39_000)  # of 200 x 200
    with pytest.raises(TerrainError, match="cut the raster"):
        raster.read_terrain(dem)
    monkeypatch.setattr("geo.raster.MARGIN_M", 500.0)
    assert (
        run(monkeypatch, "plan", "--grids", cells, "--dem", dem, "--follow", "8", "--out", out) == 0
    )
    assert run(monkeypatch, "check", out, "--dem", dem) == 0
    drawn = tmp_path / "map.png"
    missions = sorted(out.glob("*.plan"))
    assert run(monkeypatch, "preview", *missions, "--dem", dem, "--out", drawn) == 0


def test_resolution_sets_the_height(cells, tmp_path, monkeypatch, capsys):
    plan = ("plan", "--grids", cells, "--gsd", "2", "--out", tmp_path / "p", "--json")
    assert run(monkeypatch, *plan) == 0
    (sortie,) = json.loads(capsys.readouterr().out)["sorties"]
    assert sortie["gsd_m"] == pytest.approx(0.02, abs=1e-4)
    assert run(monkeypatch, "plan", "--grids", cells, "--gsd", "2", "--height", "80") == 1


def test_resolution_that_would_take_more_than_the_ceiling_says_which_one_is_possible(
    cells, tmp_path, monkeypatch, capsys
):
    plan = ("plan", "--grids", cells, "--drone", "dji-m3e", "--out", tmp_path / "p")
    assert run(monkeypatch, *plan, "--gsd", "50") == 1
    possible = re.search(
        r"--gsd 50: takes 1862.* m above ground; .* 120 m allows (3\.\d+) cm", told(capsys)
    )
    assert possible
    assert run(monkeypatch, *plan, "--gsd", possible[1]) == 0


def test_resolution_of_a_patrol_is_that_along_its_slanting_view(
    cells, tmp_path, monkeypatch, capsys
):
    plan = ("plan", "--grids", cells, "--mission", "patrol", "--pitch", "-45", "--gsd", "8")
    assert run(monkeypatch, *plan, "--drone", "dji-m3e", "--out", tmp_path / "p", "--json") == 0
    for sortie in json.loads(capsys.readouterr().out)["sorties"]:
        assert sortie["gsd_m"] <= 0.08


@pytest.mark.parametrize("mission", ["crosshatch", "patrol"])
def test_kinds_over_cells_stay_out_of_zones(mission, tmp_path, monkeypatch, capsys):
    both, zones = grid(tmp_path / "both.geojson", CELL, BESIDE), tmp_path / "zones.geojson"
    write_features(zones, "zones", [{"name": "base", "geometry": FRAME.to_lonlat(BESIDE)}])
    out = tmp_path / "plans"
    plan = ("plan", "--mission", mission, "--grids", both, "--airspace", zones, "--out", out)
    assert run(monkeypatch, *plan) == 3
    assert "base" in told(capsys)
    assert run(monkeypatch, "check", out, "--airspace", zones) == 0


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    """A cell, its plan, the log of its whole flight and of one that broke off."""
    folder = tmp_path_factory.mktemp("flown")
    with pytest.MonkeyPatch.context() as monkeypatch:
        cells = grid(folder / "cells.geojson", CELL)
        plans = folder / "plans"
        run(monkeypatch, "plan", "--grids", cells, "--drone", "sim-quad", "--out", plans)
        file = plans / f"{CODE}-1.plan"
        calm = folder / "calm.toml"
        calm.write_text('[[scenario]]\nname = "calm"\nexpects = "completed"\nwind_m_s = 0.0\n')
        simulated = ("simulate", file, "--out", folder / "simulated", "--scenario", calm)
        assert run(monkeypatch, *simulated) == 0
    whole = folder / "simulated" / f"{CODE}-1" / "calm" / "flight.tlog"
    broken = folder / "broken.tlog"
    content = whole.read_bytes()
    broken.write_bytes(content[: 4 * len(content) // 10])
    return cells, plans / f"{CODE}-1.mission.json", whole, broken


def test_nothing_is_left_of_a_whole_flight(flown, tmp_path, monkeypatch, capsys):
    _, _, whole, _ = flown
    assert (
        run(
            monkeypatch,
            "plan",
            "--resume",
            whole,
            "--drone",
            "sim-quad",
            "--out",
            tmp_path / "left",
        )
        == 0
    )
    assert "nothing is left" in told(capsys)
    assert not (tmp_path / "left").exists()


def test_rest_is_the_same_by_the_log_alone_and_by_the_mission(flown, tmp_path, monkeypatch, capsys):
    _, mission, _, broken = flown
    assert run(monkeypatch, "plan", "--resume", broken, "--out", tmp_path / "log") == 1
    assert "--drone" in capsys.readouterr().err
    assert not (tmp_path / "log").exists()
    by_log = ("plan", "--resume", broken, "--drone", "sim-quad", "--out", tmp_path / "log")
    assert run(monkeypatch, *by_log) == 0
    by_file = ("plan", "--resume", broken, "--flown", mission, "--out", tmp_path / "file")
    assert run(monkeypatch, *by_file) == 0
    (first,) = [read_sortie(p) for p in (tmp_path / "log").glob("*.mission.json")]
    (second,) = [read_sortie(p) for p in (tmp_path / "file").glob("*.mission.json")]
    assert len(first.photos) == len(second.photos)
    assert 0 < len(second.photos) < len(read_sortie(mission).photos)


def test_the_folder_of_a_flight_will_do_and_names_the_rest(flown, tmp_path, monkeypatch, capsys):
    _, _, _, broken = flown
    folder = tmp_path / "flights" / "K-9" / "flight_20260615T010000Z"
    folder.mkdir(parents=True)
    resume = ("plan", "--resume", folder, "--drone", "sim-quad", "--out", tmp_path / "left")
    assert run(monkeypatch, *resume) == 1
    assert "holds 0 recordings" in told(capsys)
    (folder / f"{folder.name}.tlog").write_bytes(broken.read_bytes())
    (folder / "flight.json").write_text('{"format": "aerogrid flight", "sortie": "K-9"}')
    assert run(monkeypatch, *resume) == 0
    (rest,) = (tmp_path / "left").glob("*.mission.json")
    assert rest.name.startswith("K-9")
    (folder / "flight.json").write_text("{")
    assert run(monkeypatch, *resume) == 1
    assert "take it away to go by the log" in told(capsys)


def test_gaps_of_a_broken_flight_are_flown_again_and_closed(flown, tmp_path, monkeypatch, capsys):
    cells, mission, whole, broken = flown
    refly = ("plan", "--grids", cells, "--drone", "sim-quad", "--out", tmp_path / "gaps")
    assert run(monkeypatch, *refly, "--refly", whole) == 0
    assert "every place is in 3 or more" in told(capsys)
    assert run(monkeypatch, *refly, "--refly", broken) == 0
    again = [read_sortie(path) for path in (tmp_path / "gaps").glob("*.mission.json")]
    before = [pose for pose in _exposures(broken)]
    area, camera = FRAME.to_lonlat(CELL), drone_named("sim-quad").camera
    assert overlap_map(area, before, camera).share_seen(3) < 0.9
    both = [*before, *(pose for sortie in again for pose in poses(sortie))]
    assert overlap_map(area, both, camera).share_seen(3) > 0.99
    assert sum(len(s.photos) for s in again) < len(read_sortie(mission).photos)


def _exposures(log):
    from geo.pose import Pose

    return [Pose(e.position, e.attitude) for e in read_tlog(log).track.camera_events]


def test_district_is_planned_by_the_same_verb(cells, tmp_path, monkeypatch, capsys):
    depots, fleet, out = tmp_path / "depots.geojson", tmp_path / "fleet.toml", tmp_path / "out"
    write_features(depots, "depots", [{"code": "D", "geometry": Point(120.13, 32.51)}])
    fleet.write_text('[[crew]]\ncode = "A"\ndepot = "D"\ndrone = "dji-m3e"\n')
    plan = ["plan", "--grids", cells, "--depots", depots, "--fleet", fleet, "--out", out]
    plan += ["--days", "2", "--first", "2026-06-15"]
    assert run(monkeypatch, *plan) == 0
    own = out / "sorties" / CODE
    assert {p.suffix for p in own.iterdir()} == {".plan", ".waypoints", ".json", ".kmz"}
    assert (out / "2026-06-15" / "A.csv").exists()
    assert run(monkeypatch, "check", out) == 0
    assert run(monkeypatch, *plan) == 0  # its own folder is replaced
    assert run(monkeypatch, *plan[:-6], "--out", tmp_path) == 1  # somebody else's is not
    assert "no plan wrote" in told(capsys)


def test_district_needs_all_three_files(cells, monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "plan", "--grids", cells, "--depots", tmp_path / "d.geojson") == 1
    assert "--grids, --depots and --fleet" in told(capsys)


@pytest.mark.parametrize("suffix", [".plan", ".waypoints", ".kmz", ".csv", ".mission.json"])
def test_files_of_every_kind_can_be_drawn(cells, tmp_path, suffix, monkeypatch, capsys):
    plan = ("plan", "--grids", cells, "--out", tmp_path / "p", "--format", "litchi")
    run(monkeypatch, *plan)
    page = tmp_path / "page.html"
    file = tmp_path / "p" / f"{CODE}-1{suffix}"
    assert run(monkeypatch, "preview", file, "--grids", cells, "--out", page) == 0
    assert '"overlap":{"png":"data:image/png' in page.read_text(encoding="utf-8")
    assert run(monkeypatch, "preview", file, "--out", tmp_path / "page.png") == 0
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_preview_of_another_kind_of_file_is_refused(cells, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "preview", cells, "--out", tmp_path / "page.pdf") == 1
    assert "must end in .html or .png" in told(capsys)


def test_sides_and_tilt_of_an_oblique_survey_can_be_chosen(cells, tmp_path, monkeypatch):
    plan = ("plan", "--grids", cells, "--mission", "oblique", "--directions", "1")
    out = tmp_path / "p"
    assert run(monkeypatch, *plan, "--pitch", "-60", "--heading", "90", "--out", out) == 0
    (sortie,) = [read_sortie(path) for path in out.glob("*.mission.json")]
    assert {photo.pitch_deg for photo in sortie.photos} == {-60}
    assert {round(photo.heading_deg) for photo in sortie.photos} == {90}


def test_patrol_chooses_its_height_unless_somebody_does(cells, tmp_path, monkeypatch):
    heights = []
    for more in ((), ("--height", "70")):
        plan = ("plan", "--grids", cells, "--mission", "patrol", "--drone", "dji-m3e", *more)
        assert run(monkeypatch, *plan, "--out", tmp_path / "p") == 0
        heights += [read_sortie(p).height_home_m for p in (tmp_path / "p").glob("*.mission.json")]
    assert heights[0] > 100
    assert heights[1] == pytest.approx(70, abs=0.1)


def test_features_that_are_no_cell_are_counted_as_refused(tmp_path, monkeypatch, capsys):
    path = grid(tmp_path / "cells.geojson", CELL, BESIDE)
    document = json.loads(path.read_text())
    document["features"][1]["geometry"] = None
    path.write_text(json.dumps(document))
    assert run(monkeypatch, "plan", "--grids", path, "--out", tmp_path / "plans") == 3
    said = told(capsys)
    assert "1 sortie," in said
    assert "1 cell refused" in said
    assert re.search(rf"refused: cell {OTHER}: .* feature 2: no geometry", said)


def test_a_refused_feature_does_not_matter_to_a_cell_that_was_named(tmp_path, monkeypatch):
    path = grid(tmp_path / "cells.geojson", CELL, BESIDE)
    document = json.loads(path.read_text())
    document["features"][1]["geometry"] = None
    path.write_text(json.dumps(document))
    out = tmp_path / "plans"
    assert run(monkeypatch, "plan", "--grids", path, "--out", out, "--cell", CODE) == 0


def test_notes_are_of_the_cells_that_were_named_and_few(tmp_path, monkeypatch, capsys):
    over = [box(40 * n, 0, 40 * n + 60, 60) for n in range(14)]  # each over the next
    codes = [f"3206231012012{n:02d}" for n in range(14)]
    path = tmp_path / "cells.geojson"
    records = [
        {"code": c, "geometry": FRAME.to_lonlat(s)} for c, s in zip(codes, over, strict=True)
    ]
    write_features(path, "cells", records)
    run(monkeypatch, "plan", "--grids", path, "--out", tmp_path / "one", "--cell", codes[13])
    assert codes[3] not in told(capsys)
    run(monkeypatch, "plan", "--grids", path, "--out", tmp_path / "all")
    assert re.search(r"\d+ more features repaired or kept as is", told(capsys))


def test_a_plan_without_anything_says_what_it_needs(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "plan", "--out", tmp_path / "plans") == 1
    said = told(capsys)
    assert "a survey needs --grids FILE" in said
    assert "no --dem" not in said, "nothing was planned"


@pytest.mark.parametrize(
    ("mission", "needed"),
    [("crosshatch", ()), ("patrol", ()), ("oblique", ()), ("corridor", ("--width", "60"))],
)
def test_kinds_over_ground_follow_the_terrain_and_pass_the_check(
    mission, needed, cells, tmp_path, monkeypatch
):
    dem, out = relief(tmp_path / "dem.tif"), tmp_path / "plans"
    lines = tmp_path / "lines.geojson"
    write_features(lines, "lines", [{"geometry": FRAME.to_lonlat(MIDDLE)}])
    plan = ("plan", "--mission", mission, "--grids", cells, "--dem", dem, "--follow", "8", *needed)
    given = ("--lines", lines, "--height", "80", "--out", out)
    assert run(monkeypatch, *plan, *given) == 0
    assert run(monkeypatch, "check", out, "--dem", dem) == 0
    terrain = raster.read_terrain(dem)
    for path in out.glob("*.mission.json"):
        sortie = read_sortie(path)
        places = np.array([(photo.lon_deg, photo.lat_deg) for photo in sortie.photos])
        heights = np.array([photo.height_home_m for photo in sortie.photos])
        agl = heights + sortie.home.altitude_amsl_m - terrain.altitudes_amsl_m(places)
        assert np.abs(agl - 80).max() < 8.1
        assert np.ptp(heights) > 15


@pytest.mark.parametrize("mission", ["lookout", "revisit"])
def test_kinds_that_fly_at_one_altitude_refuse_to_follow_the_terrain(
    mission, cells, tmp_path, monkeypatch, capsys
):
    dem, out = relief(tmp_path / "dem.tif"), tmp_path / "plans"
    plan = ("plan", "--mission", mission, "--grids", cells, "--dem", dem, "--follow", "6")
    assert run(monkeypatch, *plan, "--out", out) == 1
    assert f"--mission {mission} flies at one altitude" in told(capsys)
    assert not out.exists()


MIDDLE = LineString([(0, 110), (260, 110)])


def test_terrain_that_is_not_given_cannot_be_followed(cells, tmp_path, monkeypatch, capsys):
    plan = ("plan", "--grids", cells, "--follow", "6", "--out", tmp_path / "plans")
    assert run(monkeypatch, *plan) == 1
    assert "give --dem" in told(capsys)
