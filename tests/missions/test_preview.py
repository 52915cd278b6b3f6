from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from shapely import box

from missions import preview
from missions.airspace import Airspace, NoFlyZone
from missions.preview import write_preview
from tests.missions.shapes import WITH_POND, on_globe

AREA = on_globe(WITH_POND)


def picture(path, *sorties, areas=(AREA,)):
    write_preview(path, sorties, areas=areas)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def pixels_like(image, colour, tolerance=12):
    return int((np.abs(image - colour).max(axis=2) <= tolerance).sum())


def test_picture_shows_rows_cell_and_fence(sortie, tmp_path):
    image = picture(tmp_path / "a.png", sortie)
    assert pixels_like(image, (0, 114, 178)) > 2000
    assert pixels_like(image, (238, 242, 230)) > 50_000
    assert pixels_like(image, (179, 38, 30)) > 500


def test_sorties_have_different_colours(sortie, tmp_path):
    image = picture(tmp_path / "a.png", sortie, replace(sortie, code="other-2"))
    assert pixels_like(image, (213, 94, 0)) > 2000


def test_same_sortie_gives_the_same_bytes(sortie, tmp_path):
    for name in ("a.png", "b.png"):
        write_preview(tmp_path / name, [sortie], areas=[AREA])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_cell_boundary_is_optional_and_names_may_be_chinese(sortie, tmp_path):
    image = picture(tmp_path / "a.png", replace(sortie, cell_codes=("网格",)), areas=())
    assert pixels_like(image, (0, 114, 178)) > 2000


def test_each_cell_has_its_border(sortie, tmp_path):
    west, east = (on_globe(box(x, 0, x + 150, 300)) for x in (0, 150))
    whole = on_globe(box(0, 0, 300, 300))
    edge = (74, 92, 58)
    one = pixels_like(picture(tmp_path / "one.png", sortie, areas=[whole]), edge)
    two = pixels_like(picture(tmp_path / "two.png", sortie, areas=[west, east]), edge)
    assert two > one + 200 > 200, "the border between the two"


def test_zones_are_drawn_as_far_as_the_picture_reaches(sortie, tmp_path):
    edge = (123, 31, 162)
    near = NoFlyZone("school", on_globe(box(100, 100, 200, 200)))
    vast = NoFlyZone("airport", on_globe(box(250, 100, 90_000, 200)))
    known = Airspace(no_fly=(near, vast))
    write_preview(tmp_path / "a.png", [sortie], areas=[AREA], airspace=known)
    image = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    assert pixels_like(image, edge) > 500
    assert pixels_like(image, (0, 114, 178)) > 2000, "rows are as large as without zones"
    assert pixels_like(picture(tmp_path / "b.png", sortie), edge) == 0


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ValueError, match="sorties"):
        write_preview(tmp_path / "a.png", [])


@pytest.mark.parametrize(
    ("codes", "title"),
    [
        (["A"], "Cell A"),
        (["A", "B"], "2 cells: A, B"),
        (["A", "B", "C", "D"], "4 cells: A, B and 2 more"),
    ],
)
def test_title_counts_the_cells(codes, title):
    assert preview._name(codes, []) == title
