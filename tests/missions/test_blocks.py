import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, affinity, box

from geo.grid import Cell
from missions.blocks import blocks, row_headings
from tests.missions.fleets import FRAME, squares


@given(st.integers(0, 70), st.integers(1, 16))
def test_blocks_divide_all_places_and_none_is_too_large(count, most):
    places = np.random.default_rng(count).uniform(0, 1000, (count, 2))
    found = blocks(places, most)
    assert sorted(n for group in found for n in group) == list(range(count))
    assert all(0 < len(group) <= most for group in found)


def test_rows_follow_long_narrow_cells():
    strips = [box(0, 200 * n, 2000, 200 * n + 200) for n in range(4)]
    turned = [affinity.rotate(strip, 30, origin=(0, 0)) for strip in strips]
    cells = [Cell(f"c{n}", "", "", "", "", FRAME.to_lonlat(s)) for n, s in enumerate(turned)]
    assert list(row_headings(cells, FRAME).values()) == pytest.approx([60] * 4, abs=0.1)


def test_all_cells_of_a_block_have_one_direction():
    assert len({round(h, 1) for h in row_headings(squares(12).cells, FRAME).values()}) == 1


def test_hole_counts_like_an_outline():
    pond = Polygon(box(0, 0, 900, 1000).exterior, [box(100, 480, 800, 520).exterior])
    cells = [Cell("c", "", "", "", "", FRAME.to_lonlat(pond))]
    assert row_headings(cells, FRAME)["c"] == pytest.approx(90, abs=0.1)
