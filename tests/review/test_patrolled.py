"""The ground of patrols is put together of each patrol's own, which is worked out once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import shapely
from shapely import box

from geo.grid import Cell, Grid
from geo.pose import GeoPoint
from review import patrolled
from review.holdings import Holdings
from review.patrolled import SeenGround, gaps_of, last_patrols, photo_grounds, seen_shares
from review.photos import PhotoShelf
from vision.model import Frame

from .conftest import FLOWN, keep_patrol, make_photo

WEST, EAST = 119.9990, 120.0010  # some 190 m, of which a photo shows 120
CELLS = Grid(
    [
        Cell("1", "", "", "", "", box(WEST, 31.9995, 120.0, 32.0005)),
        Cell("2", "", "", "", "", box(120.0, 31.9995, EAST, 32.0005)),
    ]
)


@pytest.fixture
def patrols(tmp_path: Path) -> dict[str, list[Frame]]:
    """Two patrols that overlap, a bit further east each photo."""
    frame = make_photo(tmp_path / "photos", "a", 0)

    def at(lon_deg: float) -> Frame:
        place = GeoPoint(lon_deg, 32.0, 112.0)
        return replace(frame, photo_id=f"{lon_deg}", pose=replace(frame.pose, position=place))

    return {"p": [at(119.9994), at(119.9998)], "q": [at(120.0002), at(120.0006)]}


@pytest.fixture
def shelf(patrols, tmp_path: Path) -> PhotoShelf:
    return PhotoShelf(
        Holdings(keep_patrol(tmp_path / "photos", frames, name) for name, frames in patrols.items())
    )


def test_put_together_by_patrol_it_is_that_of_all_photos(patrols, shelf):
    seen = SeenGround(shelf, None)
    by_patrol = [seen.of("p"), seen.of("q"), seen.of("unknown")]
    all_photos = photo_grounds([frame for frames in patrols.values() for frame in frames], None)
    shares = seen_shares(all_photos, CELLS)
    assert all(0.5 < share < 1 for share in shares.values())
    assert seen_shares(by_patrol, CELLS) == pytest.approx(shares, abs=1e-9)
    for cell in CELLS:
        gaps, others = gaps_of(cell, by_patrol), gaps_of(cell, all_photos)
        assert len(gaps) == len(others) > 0
        differ = shapely.union_all(gaps).symmetric_difference(shapely.union_all(others))
        assert differ.area < 1e-9 * cell.boundary.area


def test_each_photo_is_outlined_once(shelf, monkeypatch):
    outlined = []
    outline = patrolled.photo_outline
    monkeypatch.setattr(
        patrolled, "photo_outline", lambda *given: outlined.append(given) or outline(*given)
    )
    seen, later = SeenGround(shelf, None), FLOWN + timedelta(days=1)
    assert last_patrols(seen, CELLS, {"p": FLOWN}) == {"1": FLOWN}
    assert last_patrols(seen, CELLS, {"p": FLOWN, "q": later}) == {"1": FLOWN, "2": later}
    assert len(outlined) == 4
