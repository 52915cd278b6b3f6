"""The earlier photo that is found is the one that a look through all photos finds."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from geo.camera import Camera
from geo.pose import Attitude, GeoPoint, Pose
from geo.terrain import FlatTerrain
from review import looking_back
from review.holdings import Holdings
from review.looking_back import earlier_photo
from review.photos import PhotoShelf
from vision.model import Frame

from .conftest import FLOWN, keep_patrol

PLACE = (120.0, 32.0)
CAMERA = Camera.centred(1200, 900, 1000.0)


def photo(name: str, *, east_m: float = 0.0, pitch_deg: float = -90.0, minutes: float = 0) -> Frame:
    """A photo from 100 m above level ground at 12 m."""
    position = GeoPoint(PLACE[0] + east_m / 94_450.0, PLACE[1], 112.0)
    pose = Pose(position, Attitude(90.0, pitch_deg), source="test")
    away_m = 100.0 / np.sin(np.radians(-pitch_deg))
    taken_at = FLOWN + timedelta(minutes=minutes)
    return Frame(name, f"{name}.jpg", "ab", 1200, 900, taken_at, CAMERA, pose, away_m / 1000.0)


def shelf_of(folder: Path, patrols: dict[str, list[Frame]]) -> PhotoShelf:
    return PhotoShelf(
        Holdings(keep_patrol(folder / "photos", frames, name) for name, frames in patrols.items())
    )


def found_in_all(patrols: dict[str, list[Frame]], terrain, frame: Frame, own: str):
    """Look through every photo of every other patrol, as the page once did."""
    showing = [
        (other.taken_at, -nth, off_px, patrol_id, other)
        for nth, (patrol_id, frames) in enumerate(patrols.items())
        for other in frames
        if patrol_id != own and other.taken_at is not None and other.taken_at < frame.taken_at
        for _, off_px in looking_back._showing([other], terrain, PLACE, frame)
    ]
    if not showing:
        return None
    latest = max(showing, key=lambda entry: entry[:2])[3]
    best = min((entry for entry in showing if entry[3] == latest), key=lambda entry: entry[2])
    return latest, best[4]


@pytest.mark.parametrize("terrain", [None, FlatTerrain(12.0)])
@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_one_that_a_look_through_all_photos_finds(tmp_path, seed, terrain):
    rng = np.random.default_rng(seed)
    patrols = {
        f"p{nth}": [
            photo(
                f"f{number}",
                east_m=float(rng.choice([-60.0, -20.0, 0.0, 30.0, 90.0, 400.0, 5000.0])),
                pitch_deg=float(rng.choice([-90.0, -75.0, -50.0, -25.0])),
                minutes=float(rng.integers(-9, 1)),
            )
            for number in range(4)
        ]
        for nth in range(6)
    }
    patrols["p3"][0] = replace(patrols["p3"][0], pose=None)
    patrols["p4"][1] = replace(patrols["p4"][1], gsd_m=None)
    patrols["p5"][2] = replace(patrols["p5"][2], taken_at=None)
    shelf = shelf_of(tmp_path, patrols)
    for minutes in (-8, -4, 0, 1):
        frame = photo("now", minutes=minutes)
        expected = found_in_all(patrols, terrain, frame, "p0")
        assert earlier_photo(shelf, terrain, PLACE, frame, "p0") == expected


def test_patrols_elsewhere_later_or_older_than_what_is_found_are_not_read(tmp_path, monkeypatch):
    shelf = shelf_of(
        tmp_path,
        {
            "older": [photo("a", minutes=-90)],
            "found": [photo("b", minutes=-60)],
            "elsewhere": [photo("c", minutes=-30, east_m=500.0)],
            "later": [photo("d", minutes=30)],
        },
    )
    read = []
    frames = shelf.patrols.frames
    monkeypatch.setattr(
        shelf.patrols, "frames", lambda holding: read.append(holding.patrol_id) or frames(holding)
    )
    patrol_id, _ = earlier_photo(shelf, None, PLACE, photo("now"), "now")
    assert (patrol_id, read) == ("found", ["found"])
