"""The flights of a demonstration: flown by the built-in vehicle, photographed in its world."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2

from cli import console
from cli.demo_folder import LOG_FILE
from flight.fly import FlightResult
from flight.journal import write_summary
from flight.log import write_track
from geo.files import replacing
from missions.drones import drone_named
from missions.model import Sortie
from missions.processes import worker_pool
from pipeline.errors import PipelineError
from pipeline.workspace import Workspace
from simulations.layout import District
from simulations.light import Light
from simulations.photography import Roll, take_photos
from simulations.planting import Planted
from simulations.scene import EPOCH
from simulations.sitl import fly_simulated

DRONE = "sim-quad"


@dataclass(frozen=True, slots=True)
class Outing:
    """The flights of one patrol of a synthetic district.

    Attributes:
        planted: what is there when they fly.
        first_seed: of the gusts and errors of the first flight; each next one has one more.
        epoch: when the vehicles are switched on, UTC.
    """

    workspace: Workspace
    district: District
    planted: Sequence[Planted]
    first_seed: int
    epoch: datetime = EPOCH


def fly_and_photograph(outing: Outing, sorties: Sequence[Sortie], workers: int) -> float:
    """Fly one sortie after the other while the photos of those before are rendered; seconds flown.

    A sortie's photo folder appears when all its photos are there, so that a run that goes on
    knows which sorties it need not render again.
    """
    seconds = 0.0
    waiting: list[Future[None]] = []
    with worker_pool(workers) as pool, console.progress() as bars:
        flights = bars.add_task("flying", total=len(sorties))
        rolls = bars.add_task("rendering photos", total=len(sorties))
        try:
            for number, sortie in enumerate(sorties):
                _raise_failed(waiting)
                result, roll = _fly(outing, sortie, seed=outing.first_seed + number)
                seconds += result.duration_s
                bars.advance(flights)
                target = outing.workspace.photos / sortie.code
                if target.exists():
                    bars.advance(rolls)
                    continue
                future = pool.submit(_photograph, outing.district, outing.planted, roll, target)
                future.add_done_callback(lambda _: bars.advance(rolls))
                waiting.append(future)
            for future in waiting:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)  # after a failure nobody waits for the rest
    return seconds


def _raise_failed(futures: Sequence[Future[None]]) -> None:
    """Stop early when the photos of an earlier sortie could not be made."""
    for future in futures:
        if future.done():
            future.result()


def _fly(outing: Outing, sortie: Sortie, *, seed: int) -> tuple[FlightResult, Roll]:
    folder = outing.workspace.flight / sortie.code
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG_FILE
    log.unlink(missing_ok=True)  # of an interrupted run; the flight is the same again
    result, exposures = fly_simulated(sortie, log, seed, epoch=outing.epoch)
    if not result.completed:
        raise PipelineError(f"sortie {sortie.code} was not completed: {result.problem}")
    write_track(folder, result.track)
    write_summary(folder, sortie, result)
    return result, Roll(sortie.code, exposures, result.track.camera_events)


def _photograph(district: District, planted: Sequence[Planted], roll: Roll, target: Path) -> None:
    """Render one roll in a process of its own."""
    cv2.setNumThreads(1)
    with replacing(target) as folder:
        take_photos(district, planted, roll, drone_named(DRONE).camera, folder, Light())
