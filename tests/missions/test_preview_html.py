import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from shapely import Point, box

from geo.frames import WGS84
from geo.terrain import RasterTerrain
from missions.airspace import Airspace, NoFlyZone, Obstacle
from missions.legs import legs
from missions.overlap import overlap_map, poses
from missions.preview_html import CLASSES, overlap_png, write_preview_html
from tests.missions.shapes import WITH_POND, on_globe

CELL = on_globe(WITH_POND)
AREAS = [("320412001001001", CELL)]


@pytest.fixture(scope="module")
def overlap(sortie, drone):
    return overlap_map(CELL, poses(sortie), drone.camera)


def page(path, *sorties, **more):
    write_preview_html(path, sorties, **more)
    return path.read_text("utf-8")


def data(text):
    return json.loads(re.search(r"const D = (.*);\n", text)[1])


def test_page_loads_nothing_from_a_network(sortie, tmp_path, overlap):
    text = page(tmp_path / "a.html", sortie, areas=AREAS, overlap=overlap)
    assert set(re.findall(r"https?://[\w/.-]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text
    assert not re.search(r"<(link|script|img|iframe)[^>]*(src|href)=", text)


def test_everything_planned_is_on_the_map(sortie, tmp_path, overlap):
    found = data(page(tmp_path / "a.html", sortie, areas=AREAS, overlap=overlap))
    (drawn,) = found["sorties"]
    flown = [leg for leg in legs(sortie.home, sortie.items) if leg.start[:2] != leg.end[:2]]
    assert len(drawn["rows"]) == 4 * sum(leg.camera_on for leg in flown)
    assert len(drawn["ways"]) == 4 * sum(not leg.camera_on for leg in flown)
    assert len(drawn["photos"]) == 2 * len(sortie.photos)
    assert len(drawn["fence"]) == 1 + len(sortie.fence.interiors)
    assert (drawn["duration_s"], drawn["distance_m"]) == (sortie.duration_s, sortie.distance_m)
    assert len(found["cells"][0]["rings"]) == 2


def test_zones_and_obstacles_that_are_near_are_on_the_map(sortie, tmp_path):
    near, far = on_globe(box(100, 100, 140, 150)), on_globe(box(9000, 0, 9100, 100))
    airspace = Airspace(
        no_fly=(NoFlyZone("school", near), NoFlyZone("far", far)),
        obstacles=(Obstacle("mast", on_globe(Point(20, 20)), 40.0, clearance_m=15.0),),
    )
    zones = data(page(tmp_path / "a.html", sortie, areas=AREAS, airspace=airspace))["zones"]
    assert [zone["name"] for zone in zones] == ["school", "mast 40 m"]
    mast = np.array(zones[1]["rings"][0]).reshape(-1, 2)
    assert np.ptp(mast, axis=0) == pytest.approx([30, 30], abs=0.3)


def test_map_is_in_metres_east_and_north(sortie, tmp_path):
    found = data(page(tmp_path / "a.html", sortie, areas=AREAS))
    ring = np.array(found["cells"][0]["rings"][0]).reshape(-1, 2)
    assert np.ptp(ring, axis=0) == pytest.approx([300, 300], abs=0.3)


def test_names_cannot_end_the_script(sortie, tmp_path):
    code = "</script><b>& \u2028"  # as a cell; a sortie's code is a file name
    text = page(tmp_path / "a.html", replace(sortie, cell_codes=(code,)))
    assert text.count("</script>") == 1
    assert code in json.dumps(data(text), ensure_ascii=False)


def test_chinese_names_and_words_are_there(sortie, tmp_path):
    text = page(tmp_path / "a.html", replace(sortie, cell_codes=("网格一",)))
    assert "网格一" in text
    assert all(word in text for word in ("电子围栏", "架次", "Geofence", "Sorties"))


def test_profile_shows_the_flight_over_the_terrain(sortie, tmp_path):
    hills = np.full((60, 60), 30.0, dtype=np.float32)
    hills[:, 35:] = 50.0
    terrain = RasterTerrain(hills, Affine(2e-4, 0, 119.944, 0, -2e-4, 31.708), WGS84)
    found = data(page(tmp_path / "a.html", sortie, areas=AREAS, terrain=terrain))
    profile = found["sorties"][0]["profile"]
    assert (min(profile["ground"]), max(profile["ground"])) == (30.0, 50.0)
    top = max(profile["corners"][1::2])
    wanted = sortie.home.altitude_amsl_m + sortie.height_home_m
    assert top == pytest.approx(wanted, abs=0.1)
    assert profile["corners"][-2] == pytest.approx(sortie.distance_m, rel=0.01)


def test_unknown_ground_is_left_open(sortie, tmp_path):
    terrain = RasterTerrain(np.zeros((2, 2), np.float32), Affine(1, 0, 0, 0, -1, 1), WGS84)
    found = data(page(tmp_path / "a.html", sortie, terrain=terrain))
    assert set(found["sorties"][0]["profile"]["ground"]) == {None}


def test_overlap_layer_is_a_picture_in_the_colours_of_its_classes(overlap):
    image = Image.open(io.BytesIO(overlap_png(overlap))).convert("RGBA")
    pixels = np.asarray(image)
    assert pixels.shape[:2] == overlap.counts.shape
    assert ((pixels[..., 3] > 0) == overlap.inside).all()
    many = overlap.inside & (overlap.counts >= CLASSES[-1][0])
    assert (pixels[many][:, :3] == CLASSES[-1][1]).all()


def test_shares_of_the_classes_add_up_to_the_area(sortie, tmp_path, overlap):
    found = data(page(tmp_path / "a.html", sortie, areas=AREAS, overlap=overlap))["overlap"]
    assert sum(found["area_share"]) == pytest.approx(1, abs=1e-4)
    assert sum(found["area_share"][3:]) == pytest.approx(overlap.share_seen(6), abs=1e-4)
    picture = base64.b64decode(found["png"].partition(",")[2])
    assert picture == overlap_png(overlap)


def test_same_sorties_give_the_same_bytes(sortie, tmp_path, overlap):
    pages = [page(tmp_path / f"{n}.html", sortie, areas=AREAS, overlap=overlap) for n in "ab"]
    assert pages[0] == pages[1]


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ValueError, match="sorties"):
        write_preview_html(tmp_path / "a.html", [])
