"""Values of the registry -> what the API answers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from cases.categories import Category, Words
from cases.drawing import score_of
from cases.lifecycle import Stage
from cases.looks import Checked, Disagreement, LookFigures
from cases.model import Case, CaseCount, Claim, Event, Evidence
from cases.people import Account
from cases.precision import Precision, Tally
from cases.reclassing import RECLASSIFY
from cases.rules import Rulebook
from cases.zones import Zones
from geo.frames import LocalFrame
from geo.grid import Grid
from geo.terrain import Terrain
from review import answers
from review.decisions import REJECT_REASONS
from review.ground import doubt_circle, photo_outline
from review.photos import Marked, PhotoShelf
from review.progress import Progress
from vision.classes import CLASSES

NO_PROGRESS = Progress()
_DEGREE_DIGITS = 7  # 1 cm
_PIXEL_DIGITS = 1
_UNKNOWN_COLOUR = (255, 255, 255)
_COLOURS = {entry.name: entry.colour for entry in CLASSES}


def vocabulary(version: str, rulebook: Rulebook, zones: Zones, grid: Grid) -> answers.Vocabulary:
    """List classes, categories, stages, reasons and zone layers."""
    return answers.Vocabulary(
        version=version,
        classes=[
            answers.ClassInfo(
                entry.name,
                answers.Label(entry.label_en, entry.label_zh),
                "#{:02x}{:02x}{:02x}".format(*entry.colour),
            )
            for entry in CLASSES
        ],
        categories=[_category(category) for category in rulebook.categories],
        stages=[stage.value for stage in Stage],
        reasons=list(REJECT_REASONS),
        zones=list(zones.layers),
        utc_offset_hours=rulebook.utc_offset_hours,
        has_cells=len(grid) > 0,
    )


def _category(category: Category) -> answers.CategoryInfo:
    return answers.CategoryInfo(
        code=category.code,
        name=_label(category.name),
        department=_label(category.department),
        established_when=_label(category.established_when),
        closed_when=_label(category.closed_when),
        time_limit=_label(category.limit.words),
        urgency=category.urgency,
    )


def _label(words: Words) -> answers.Label:
    return answers.Label(words.en, words.zh)


def case_item(case: Case) -> answers.CaseItem:
    """Present a case for the queue."""
    return answers.CaseItem(**_item_fields(case))


def listed_case(case: Case, progress: Progress) -> answers.ListedCase:
    """Present a case of a list."""
    return answers.ListedCase(**_item_fields(case), **_progress_fields(progress))


def _progress_fields(progress: Progress) -> dict[str, Any]:
    return {
        "due_at": progress.due_at,
        "is_overdue": progress.is_overdue,
        "claim": claim_answer(progress.claim) if progress.claim else None,
        "unsure": list(progress.unsure),
        "sent_back": progress.sent_back,
    }


def _item_fields(case: Case) -> dict[str, Any]:
    place, score = case.place, score_of(case)
    return {
        "no": case.case_no,
        "version": case.version,
        "category": case.category,
        "class_name": case.class_name,
        "stage": case.stage.value,
        "urgency": case.urgency,
        "score": None if score is None else round(score, 4),
        "to_check": case.to_check,
        "cell_code": place.cell_code,
        "cell_name": place.cell_name,
        "town": place.town,
        "village": place.village,
        "lon_deg": round(case.lon_deg, _DEGREE_DIGITS),
        "lat_deg": round(case.lat_deg, _DEGREE_DIGITS),
        "area_m2": round(case.area_m2, 2),
        "first_seen": case.first_seen,
        "last_seen": case.last_seen,
        "gone_at": case.gone_at,
        "photo_count": len({(item.patrol_id, item.photo_id) for item in case.evidence}),
    }


def case_detail(
    case: Case,
    *,
    allowed: Iterable[str],
    photos: PhotoShelf,
    terrain: Terrain | None,
    progress: Progress = NO_PROGRESS,
) -> answers.CaseDetail:
    """Present everything about a case."""
    local = LocalFrame(case.lon_deg, case.lat_deg)
    return answers.CaseDetail(
        **_item_fields(case),
        officer=case.place.officer,
        **_progress_fields(progress),
        sigma_m=round(case.sigma_m, 2),
        outline=geometry(case.polygon),
        doubt=geometry(doubt_circle(case.lon_deg, case.lat_deg, case.sigma_m)),
        rule_id=case.rule_id,
        rule_version=case.rule_version,
        why=[_label(words) for words in case.why],
        model_sha256=case.model_sha256,
        patrol_id=case.patrol_id,
        last_patrol_id=case.last_patrol_id,
        photos=[_photo(evidence, photos, terrain, local) for evidence in by_photo(case.evidence)],
        allowed=list(allowed),
    )


def claim_answer(claim: Claim) -> answers.Claim:
    """Present who works on a case."""
    return answers.Claim(claim.case_no, claim.who, claim.until)


def person(account: Account) -> answers.Person:
    """Present somebody who has signed in."""
    area = account.area
    roles = [role.value for role in account.roles]
    return answers.Person(account.name, account.display_name, roles, area.town, area.village)


def by_photo(evidence: Iterable[Evidence]) -> list[list[Evidence]]:
    """Gather the outlines of each photo; photos in the order of the case."""
    photos: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for item in evidence:
        photos[item.patrol_id, item.photo_id].append(item)
    return list(photos.values())


def _photo(
    evidence: Sequence[Evidence], shelf: PhotoShelf, terrain: Terrain | None, local: LocalFrame
) -> answers.CasePhoto:
    first = evidence[0]
    frame = shelf.frame(first.patrol_id, first.photo_id)
    if frame and first.pose:  # as it was when the case was judged
        frame = replace(frame, pose=first.pose)
    outline = photo_outline(frame, terrain, local) if frame else None
    return answers.CasePhoto(
        photo_id=first.photo_id,
        patrol_id=first.patrol_id,
        sha256=first.photo_sha256,
        state=_state(first, shelf),
        width_px=frame.width_px if frame else None,
        height_px=frame.height_px if frame else None,
        taken_at=frame.taken_at if frame else None,
        gsd_m=round(frame.gsd_m, 4) if frame and frame.gsd_m else None,
        pose_source=frame.pose.source if frame and frame.pose else None,
        outlines=[
            answers.PhotoOutline(item.class_name, rings(item.polygon_px)) for item in evidence
        ],
        footprint=geometry(outline) if outline else None,
    )


def _state(evidence: Evidence, shelf: PhotoShelf) -> Literal["ok", "missing", "changed"]:
    """Compare the file as it is now with the one that was judged."""
    found = shelf.sha256(evidence.patrol_id, evidence.photo_id)
    if found is None:
        return "missing"
    return "ok" if found == evidence.photo_sha256 else "changed"


def rings(polygon_px: Polygon) -> list[answers.Ring]:
    """Outer ring, then holes, in pixels."""
    outlines = (polygon_px.exterior, *polygon_px.interiors)
    return [
        [(round(x, _PIXEL_DIGITS), round(y, _PIXEL_DIGITS)) for x, y in ring.coords]
        for ring in outlines
    ]


def marks(evidence: Iterable[Evidence]) -> tuple[Marked, ...]:
    """Outlines with the colours of their classes."""
    return tuple(
        Marked(item.polygon_px, _COLOURS.get(item.class_name, _UNKNOWN_COLOUR)) for item in evidence
    )


def history_event(event: Event) -> answers.HistoryEvent:
    """Present one entry of a case's history."""
    details = event.details
    before, after = details["class"] if event.action == RECLASSIFY else (None, None)
    return answers.HistoryEvent(
        seq=event.seq,
        at=event.at,
        actor=event.actor,
        action=event.action,
        from_stage=details.get("from"),
        to_stage=details.get("to"),
        from_class=before,
        to_class=after,
        reason=str(details.get("reason", "")),
        patrol_id=details.get("patrol"),
        photo_sha256=details.get("photo_sha256"),
        photo_taken_at=_phone_time(details.get("taken_at")),
        hash=event.hash,
    )


def _phone_time(exif: str | None) -> str | None:
    """EXIF writes 2026:06:10 09:12:33, which nobody reads as a date."""
    return exif.replace(":", "-", 2) if exif else None


def summary(counts: Iterable[CaseCount], rulebook: Rulebook) -> answers.Summary:
    """Add the registry's counts up; a category that the table lost is not urgent."""
    at_once = {category.code for category in rulebook.categories if category.urgency == 1}
    sums: Counter[tuple[Stage, str]] = Counter()
    for entry in counts:
        sums[entry.stage, entry.category] += entry.count
    waiting = {key: count for key, count in sums.items() if key[0] is Stage.REPORTED}
    return answers.Summary(
        total=sums.total(),
        to_review=sum(waiting.values()),
        urgent=sum(count for (_, category), count in waiting.items() if category in at_once),
        counts=[
            answers.Count(stage.value, category, count)
            for (stage, category), count in sorted(sums.items())
        ],
    )


def precision(found: Precision, looks: LookFigures, *, only: str | None) -> answers.Precision:
    """Present how right inspectors and models were; of inspectors only one, where one is named."""
    people = sorted({*found.inspectors, *looks.inspectors})
    return answers.Precision(
        [_inspector(who, found, looks) for who in people if only in (None, who)],
        [
            answers.ModelFigures(
                model, name, tally.confirmed, dict(tally.rejected), tally.precision_share
            )
            for (model, name), tally in found.models.items()
        ],
        [_disagreement(entry) for entry in looks.disagreements] if only is None else [],
        looks.pending if only is None else 0,
    )


def _inspector(who: str, found: Precision, looks: LookFigures) -> answers.InspectorFigures:
    tally, checked = found.inspectors.get(who, Tally()), looks.inspectors.get(who, Checked())
    return answers.InspectorFigures(
        who,
        tally.confirmed,
        dict(tally.rejected),
        tally.overturned,
        checked.looked_again,
        checked.agreed,
        checked.controls,
        checked.right,
    )


def _disagreement(entry: Disagreement) -> answers.Disagreement:
    return answers.Disagreement(
        no=entry.case_no,
        first_by=entry.first_by,
        first=entry.first,
        second_by=entry.second_by,
        second=entry.second,
        reason=entry.reason,
        at=entry.at,
    )


def cells_layer(grid: Grid) -> dict[str, Any]:
    """Cells as GeoJSON."""
    return _collection(
        (
            cell.boundary,
            {
                "code": cell.code,
                "name": cell.name,
                "town": cell.town,
                "village": cell.village,
                "officer": cell.officer,
            },
        )
        for cell in grid
    )


def zones_layer(zones: Zones) -> dict[str, Any]:
    """Zones as GeoJSON; `layer` says what kind each is."""
    return _collection(
        (polygon, {"layer": layer})
        for layer, polygons in zones.layers.items()
        for polygon in polygons
    )


def _collection(parts: Iterable[tuple[BaseGeometry, Mapping[str, Any]]]) -> dict[str, Any]:
    features = [
        {"type": "Feature", "properties": dict(properties), "geometry": geometry(shape)}
        for shape, properties in parts
    ]
    return {"type": "FeatureCollection", "features": features}


def geometry(shape: BaseGeometry) -> answers.Geometry:
    """Present a shape in lon/lat as GeoJSON, to the centimetre."""
    rounded = shapely.transform(shape, lambda points: np.round(points, _DEGREE_DIGITS))
    return dict(mapping(rounded))
