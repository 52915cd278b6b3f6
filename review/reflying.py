"""The route that plans what a sortie's photos have left out, as files to be flown."""

import io
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from geo.footprint import height_for_gsd_m
from geo.grid import Cell
from geo.pose import Pose
from missions.airspace import Airspace
from missions.drones import drone_named
from missions.model import Sortie
from pipeline.errors import PipelineError
from pipeline.planning import keep, survey_settings
from pipeline.refly import plan_gaps
from pipeline.settings import Planning
from review.admission import Data
from review.errors import NoAirspaceError, NoGapsError, ReflyError, UnknownLayerError
from review.flights import FlightShelf
from review.flying import FlyingGuest
from review.sources import ReviewData

router = APIRouter(prefix="/api")

_ONE_AT_A_TIME = threading.Lock()  # a plan takes seconds of a core


@dataclass(frozen=True, slots=True)
class Grounds:
    """By what the page plans: the district's settings, and what is not to be flown over.

    Attributes:
        airspace: None where nobody has named it, and nothing is planned then.
    """

    planning: Planning
    airspace: Airspace | None


@router.get("/refly/{sortie}.zip", response_class=Response)
def get_refly(
    sortie: str,
    request: Request,
    data: Data,
    _: FlyingGuest,
    seen_by: Annotated[int, Query(ge=1, le=10, description="photos of each place")] = 1,
) -> Response:
    """Plan the gaps of a sortie's cells, as `aerogrid plan --refly` does; 409 where it cannot."""
    shelf: FlightShelf = request.app.state.flights
    found = next((state for state in shelf.sorties() if state.sortie.code == sortie), None)
    if found is None:
        raise UnknownLayerError(f"no sortie {sortie!r} to plan the gaps of")
    grounds: Grounds | None = request.app.state.grounds
    if grounds is None or grounds.airspace is None:
        raise NoAirspaceError
    with _ONE_AT_A_TIME:
        content = _files(found.sortie, data, grounds.planning, grounds.airspace, seen_by)
    name = f"{sortie}-refly.zip".replace('"', "")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


def _files(
    sortie: Sortie, data: ReviewData, usual: Planning, airspace: Airspace, seen_by: int
) -> bytes:
    """All files of the plan in one, as high above ground as the sortie's pixels were wide."""
    drone = drone_named(sortie.drone_key)
    height_m = round(height_for_gsd_m(drone.camera, sortie.gsd_m), 2)
    height_m = min(height_m, usual.ceiling_agl_m)
    planning = usual.model_copy(update={"drone": drone.key, "height_agl_m": height_m})
    cells = _cells(sortie, data)
    made = plan_gaps(
        cells,
        _exposures(data),
        drone,
        survey_settings(planning),
        photos=seen_by,
        terrain=data.terrain,
        airspace=airspace,
    )
    if not made.sorties and not made.refused:
        raise NoGapsError(sortie.code, seen_by)
    outlines = {cell.code: cell.boundary for cell in cells}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "refly"
        try:
            keep(made, out, planning, outlines, terrain=data.terrain, airspace=airspace)
        except PipelineError as error:
            raise ReflyError(str(error)) from error
        return _zipped(out)


def _cells(sortie: Sortie, data: ReviewData) -> list[Cell]:
    wanted = [cell for cell in data.grid if cell.code in sortie.cell_codes]
    if not wanted:
        raise ReflyError(f"{sortie.code}: none of its cells is in the grid of this page")
    return wanted


def _exposures(data: ReviewData) -> list[Pose]:
    patrols = sorted({entry.patrol_id for entry in data.registry.filings()})
    frames = (frame for patrol in patrols for frame in data.photos.frames(patrol))
    found = [frame.pose for frame in frames if frame.pose is not None]
    if not found:
        raise ReflyError("no photo of this page knows from where it was taken")
    return found


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()
