"""What does the page hold of its patrols, how long does it take to start, and to look back?

    python -m benchmarks.page_start [--photos 100000]

Made-up patrols of 1,000 photos each, at 900 places and in one registry, are opened as `aerogrid
serve FOLDER` opens them. Beside it, in a process of its own, every frame of every patrol is read
and held, as the page did before. Then photos are asked for the earlier photo that shows the same
ground: of places that were flown before and of places that never were; and the ground of all
photos is put together, as for the gaps of cells. Times are of the CPU, memory
is what the process has resident beyond what it had before, its most and after all was open.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import shapely

from cases.model import FilingResult, Findings, PatrolRecord
from cases.registry import Registry
from geo.pose import GeoPoint
from pipeline.filed_patrols import FiledPatrols
from pipeline.filings import write_filing
from pipeline.settings import Filing
from review.holdings import Holdings, PatrolPhotos
from review.looking_back import earlier_photo
from review.patrolled import SeenGround
from review.photos import PhotoShelf
from tests.pipeline.made_up import START, made_up_frames, make_patrol
from vision.frame_table import read_frame_table
from vision.model import Frame
from vision.observations import observations_digest

PER_PATROL = 1000
QUESTIONS = 20
PAGE = 4096 / 1e6
Measured = dict[str, float]


def make_patrols(folder: Path, photos: int) -> int:
    """Write patrols whose filing made nothing of them; how many they are."""
    patrols = photos // PER_PATROL
    registry = folder / "cases.sqlite"
    with Registry.open(registry):
        pass
    by = Filing(registry=str(registry))
    for nth in range(patrols):
        name = f"patrol-{nth:04d}"
        frames = made_up_frames(nth, PER_PATROL)
        workspace = make_patrol(folder / "out" / name, frames, folder / "photos")
        write_filing(
            workspace, PatrolRecord(name, START, "0" * 64, {}), Findings((), ()),
            FilingResult((), (), (), ()), observations=observations_digest(()), by=by,
        )  # fmt: skip
    return patrols


def resident_mb() -> float:
    """Memory of this process that is in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def peak_mb() -> float:
    """The most that it ever was."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def taken_in(folder: Path, hold: Callable[[list[PatrolPhotos]], Any]) -> tuple[Any, Measured]:
    """Check all patrols, then hold them."""
    started_s = process_time()
    patrols = [
        PatrolPhotos(patrol.patrol_id, patrol.photos, patrol.workspace.frames)
        for patrol in FiledPatrols([folder / "out"]).begin(print)
    ]
    checked_s, before_mb = process_time(), resident_mb()
    held = hold(patrols)
    return held, {
        "checks_s": round(checked_s - started_s, 2),
        "start_s": round(process_time() - checked_s, 3),
        "memory_mb": round(resident_mb() - before_mb, 1),
        "peak_mb": round(max(0.0, peak_mb() - before_mb), 1),
    }


def every_frame(folder: Path) -> Measured:
    """Hold all frames of all patrols, as before."""

    def hold(patrols: list[PatrolPhotos]) -> dict[tuple[str, str], tuple[Path, Frame]]:
        return {
            (patrol.patrol_id, frame.photo_id): (patrol.folder, frame)
            for patrol in patrols
            for frame in read_frame_table(patrol.table)
        }

    held, told = taken_in(folder, hold)
    return told | {"photos": len(held)}


def by_patrol(folder: Path) -> Measured:
    """Hold the patrols, and look back from photos of a later day."""
    shelf, told = taken_in(folder, lambda patrols: PhotoShelf(Holdings(patrols)))
    before_mb = resident_mb()
    rng = np.random.default_rng(1)
    told |= {"photos": len(shelf)}
    told |= looked_back(shelf, rng, "flown", 0.0) | looked_back(shelf, rng, "never_flown", 5.0)
    told |= {"after_questions_mb": round(resident_mb() - before_mb, 1)}
    return told | put_together(shelf)


def put_together(shelf: PhotoShelf) -> Measured:
    """Put the ground of all patrols together, and again once one more is there."""
    seen, before_mb, started_s = SeenGround(shelf, None), resident_mb(), process_time()
    names = [holding.patrol_id for holding in shelf.patrols.all()]
    shapely.union_all([seen.of(name) for name in names[:-1]])
    first_s = process_time()
    shapely.union_all([seen.of(name) for name in names])
    return {
        "ground_s": round(first_s - started_s, 2),
        "ground_and_one_more_s": round(process_time() - first_s, 2),
        "ground_mb": round(resident_mb() - before_mb, 1),
    }


def looked_back(shelf: PhotoShelf, rng: np.random.Generator, what: str, off_deg: float) -> Measured:
    """Ask for earlier photos of places of random patrols, or so far north of them."""
    times_ms, found = [], 0
    patrols = len(shelf) // PER_PATROL
    for nth in rng.integers(0, patrols, QUESTIONS):
        frame = _later(made_up_frames(int(nth), PER_PATROL)[500], off_deg)
        assert frame.pose is not None
        place = frame.pose.position
        started_s = process_time()
        seen = earlier_photo(shelf, None, (place.lon_deg, place.lat_deg), frame, "new")
        times_ms.append(1000 * (process_time() - started_s))
        found += seen is not None
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {
        f"{what}_found": found,
        f"{what}_p50_ms": round(float(p50), 2),
        f"{what}_p95_ms": round(float(p95), 2),
    }


def _later(frame: Frame, off_deg: float) -> Frame:
    assert frame.pose is not None
    place = frame.pose.position
    moved = GeoPoint(place.lon_deg, place.lat_deg + off_deg, place.altitude_amsl_m)
    later = START.replace(year=START.year + 1)
    return replace(frame, taken_at=later, pose=replace(frame.pose, position=moved))


def alone(measure: Callable[[Path], Measured], folder: Path) -> Measured:
    """Measure in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (folder,))


def main() -> None:
    """Write, open in both ways, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    photos = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        patrols = make_patrols(folder, photos)
        before, now = alone(every_frame, folder), alone(by_patrol, folder)
    told = {
        "patrols": patrols,
        "every_frame": before,
        "by_patrol": now,
        "times_less_memory": round(before["memory_mb"] / max(now["memory_mb"], 0.1), 1),
        "times_less_start": round(before["start_s"] / now["start_s"], 1),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
