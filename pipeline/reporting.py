"""From the registry to what people read: bulletin, case layers, pictures with findings drawn in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from cases.categories import Category
from cases.export import write_cases
from cases.model import Case, Evidence
from cases.registry import Registry
from cases.rule_files import load_rulebook
from dispatch.bulletin import Outing, make_figures
from dispatch.bulletin_html import Pictureless, write_bulletin
from pipeline.filing import registry_of
from pipeline.filings import read_filing, refuse_stale_filing, settings_as_filed
from pipeline.ground import covered, ground_of, known_terrain
from pipeline.inputs import read_inputs
from pipeline.maps import write_case_map
from pipeline.own_folder import LISTING, REPORT_FILES, refuse_foreign, renewing
from pipeline.picturing import choose_tiles
from pipeline.settings import Settings
from pipeline.stac import CasePictures, Flown, write_stac
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace, require
from vision.coco import check_photos, model_hash, read_coco, search_scale
from vision.contact_sheet import contact_sheet
from vision.errors import ChangedPhotoError
from vision.frame_table import read_frame_table
from vision.images import Picture, read_pinned_rgb
from vision.model import Frame
from vision.overlays import crop, write_picture

_PATROLLED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """What `report` wrote.

    Attributes:
        pictureless: cases that the patrol saw and that no photo shows any more, with the reason.
    """

    bulletin: Path
    pictureless: Mapping[str, Pictureless]


def report(workspace: Workspace, settings: Settings) -> Report:
    """Write the bulletin of the patrol and its cases as layers; foreign files in report/ stay.

    Raises:
        AerogridError: a stage is missing, or was run again since the patrol was filed.
    """
    refuse_foreign_report(workspace)
    frames = read_frame_table(require(workspace.frames, "ingest"))
    filing = read_filing(workspace)
    refuse_stale_filing(workspace)
    settings = settings_as_filed(workspace, settings)
    photos = read_inputs(workspace).photos
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    patrol_id, result = filing.patrol_id, filing.result(str(workspace.filing))
    with Registry.open(registry_of(workspace, settings)) as registry:
        cases = [registry.case(number) for number in (*result.new, *result.same, *result.gone)]
    with renewing(workspace.report) as folder:
        figures = make_figures(
            cases,
            rulebook.categories,
            patrol_id=patrol_id,
            result=result,
            photos=len(frames),
            rejected=filing.rejected(),
        )
        shown_by, pictureless = _write_crops(folder / "crops", cases, frames, photos, patrol_id)
        crops = {number: folder / "crops" / f"{number}.jpg" for number in shown_by}
        _write_maps(folder / "crops", cases, frames, workspace, settings, patrol_id)
        outing = _outing(frames, workspace, settings, rulebook.utc_offset_hours)
        write_bulletin(folder / "bulletin.html", figures, cases, crops, pictureless, outing)
        _write_layers(folder, cases, rulebook.categories)
        _write_stac(
            folder, frames, workspace, settings, patrol_id, _pictured(folder, cases, shown_by)
        )
    return Report(workspace.report / "bulletin.html", pictureless)


def refuse_foreign_report(workspace: Workspace) -> None:
    """Refuse files of somebody else where a report would go, before any work for it is done."""
    refuse_foreign(workspace.report, [*REPORT_FILES, LISTING])


def _outing(
    frames: Sequence[Frame], workspace: Workspace, settings: Settings, utc_offset_hours: float
) -> Outing:
    """Say when the photos were taken, and of which cells they clearly show the better part."""
    times = [frame.taken_at for frame in frames if frame.taken_at is not None]
    flown = (min(times), max(times)) if times else None
    inputs = read_inputs(workspace)
    if inputs.cells is None:
        return Outing(flown, utc_offset_hours)
    scale = search_scale(require(workspace.detections, "detect"))
    ground = shapely.unary_union(covered(frames, inputs, known_terrain(inputs, settings), scale))
    grid = read_cells(inputs.cells, settings.grids)
    patrolled = frozenset(
        cell.code
        for cell in grid
        if ground.intersection(cell.boundary).area >= _PATROLLED_SHARE * cell.boundary.area
    )
    return Outing(flown, utc_offset_hours, tuple(grid), patrolled)


def draw_found(workspace: Workspace) -> Path:
    """Write a contact sheet of the photos in which something was found; returns its path."""
    return _draw_sheet(workspace, workspace.found_sheet, (), (), "")


def draw_cases(workspace: Workspace, settings: Settings) -> Path:
    """Write the contact sheet with the cases of the filed patrol first; returns its path."""
    filing = read_filing(workspace)
    refuse_stale_filing(workspace)
    settings = settings_as_filed(workspace, settings)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    with Registry.open(registry_of(workspace, settings)) as registry:
        cases = [registry.case(number) for number in (*filing.new, *filing.same)]
    return _draw_sheet(
        workspace, workspace.case_sheet, cases, rulebook.categories, filing.patrol_id
    )


def _draw_sheet(
    workspace: Workspace,
    path: Path,
    cases: Sequence[Case],
    categories: tuple[Category, ...],
    patrol_id: str,
) -> Path:
    frames = read_frame_table(require(workspace.frames, "ingest"))
    check_photos(require(workspace.detections, "detect"), frames)
    detections = read_coco(workspace.detections)
    tiles = choose_tiles(frames, detections, cases, categories, patrol_id)
    about = f"Patrol {patrol_id}: {len(cases)} cases" if patrol_id else "Before the rules"
    title = f"{about}, {len(detections)} detections in {len(frames)} photos"
    write_picture(path, contact_sheet(read_inputs(workspace).photos, tiles, title))
    return path


def _write_layers(folder: Path, cases: Sequence[Case], categories: Sequence[Category]) -> None:
    for suffix in ("gpkg", "geojson", "csv"):
        write_cases(folder / f"cases.{suffix}", cases, categories)


def _pictured(
    folder: Path, cases: Sequence[Case], shown_by: Mapping[str, str]
) -> tuple[CasePictures, ...]:
    """Cases with the photo that each was cut out of and the files that came of it."""
    return tuple(
        CasePictures(
            case, shown_by[case.case_no], sorted((folder / "crops").glob(f"{case.case_no}.*"))
        )
        for case in cases
        if case.case_no in shown_by
    )


def _write_stac(
    folder: Path,
    frames: Sequence[Frame],
    workspace: Workspace,
    settings: Settings,
    patrol_id: str,
    pictured: Sequence[CasePictures],
) -> None:
    if not any(frame.is_located for frame in frames):
        return
    inputs = read_inputs(workspace)
    terrain, local = ground_of(frames, inputs, known_terrain(inputs, settings))
    flown = Flown(
        patrol_id=patrol_id,
        frames=frames,
        photos=inputs.photos,
        terrain=terrain,
        local=local,
        model_sha256=_model_of(workspace),
        products={name.replace(".", "_"): Path(name) for name in REPORT_FILES},
        cases=pictured,
        ortho=inputs.ortho,
    )
    write_stac(folder / "stac", workspace.report / "stac", flown)


def _model_of(workspace: Workspace) -> str:
    """Hash of the model that searched the photos, empty where nobody kept the search."""
    return model_hash(workspace.detections) if workspace.detections.exists() else ""


def _write_maps(
    folder: Path,
    cases: Sequence[Case],
    frames: Sequence[Frame],
    workspace: Workspace,
    settings: Settings,
    patrol_id: str,
) -> None:
    """Write each case's place as its best photo shows it, as a map beside the crop.

    A case whose photo is gone or changed has none; the bulletin says so at its crop.
    """
    if not any(frame.is_located for frame in frames):
        return
    inputs = read_inputs(workspace)
    terrain, local = ground_of(frames, inputs, known_terrain(inputs, settings))
    by_id = {frame.photo_id: frame for frame in frames}
    for case in cases:
        evidence = next((item for item in case.evidence if item.patrol_id == patrol_id), None)
        frame = None if evidence is None else by_id.get(evidence.photo_id)
        if evidence is None or frame is None or not (inputs.photos / frame.path).exists():
            continue
        try:
            picture = read_pinned_rgb(inputs.photos / frame.path, evidence.photo_sha256)
        except ChangedPhotoError:
            continue
        path = folder / f"{case.case_no}.tif"
        write_case_map(path, frame, picture, case.polygon, terrain, local)


def _write_crops(
    folder: Path, cases: Sequence[Case], frames: Sequence[Frame], photos: Path, patrol_id: str
) -> tuple[dict[str, str], dict[str, Pictureless]]:
    """Cut each case out of the first of its photos that still is the one that was judged.

    Returns the photo that each was cut out of, and why the other cases that the patrol saw have
    no picture.
    """
    folder.mkdir()
    paths = {frame.photo_id: photos / frame.path for frame in frames}
    shown_by: dict[str, str] = {}
    pictureless: dict[str, Pictureless] = {}
    for case in cases:
        evidence = [item for item in case.evidence if item.patrol_id == patrol_id]
        picture = _crop(evidence, paths)
        if isinstance(picture, Pictureless):
            pictureless[case.case_no] = picture
        elif picture is not None:
            cut, shown_by[case.case_no] = picture
            write_picture(folder / f"{case.case_no}.jpg", cut)
    return shown_by, pictureless


def _crop(
    evidence: Sequence[Evidence], paths: Mapping[str, Path]
) -> tuple[Picture, str] | Pictureless | None:
    """Picture of a case and its photo, or why there is none; None where it was not seen."""
    why: Pictureless | None = None
    for item in evidence:
        path = paths.get(item.photo_id)
        if path is None or not path.exists():
            why = why or Pictureless.MISSING
            continue
        try:
            return crop(read_pinned_rgb(path, item.photo_sha256), item.polygon_px), item.photo_id
        except ChangedPhotoError:
            why = Pictureless.CHANGED
    return why
