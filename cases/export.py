"""EDGE: write cases for other programs: GeoPackage, GeoJSON, CSV."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cases.categories import Category
from cases.drawing import score_of
from cases.errors import CaseError
from cases.model import Case
from cases.rules import find_category
from geo.files import replacing
from geo.formats import write_features

LAYER = "cases"

FIELDS = (
    "case_no",
    "stage",
    "category",
    "name_en",
    "name_zh",
    "department_en",
    "department_zh",
    "urgency",
    "class",
    "score",
    "to_check",
    "town",
    "village",
    "cell_code",
    "cell_name",
    "officer",
    "lon_deg",
    "lat_deg",
    "sigma_m",
    "area_m2",
    "first_seen",
    "last_seen",
    "gone_at",
    "patrol_id",
    "last_patrol_id",
    "rule_id",
    "rule_version",
    "model_sha256",
    "why_en",
    "why_zh",
    "photos",
    "photo_sha256",
    "version",
)


def write_cases(path: Path, cases: Sequence[Case], categories: Sequence[Category]) -> None:
    """Write cases in the order of their numbers; the suffix (.gpkg, .geojson, .csv) says how."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise CaseError(
            f"{path}: cases are written as {', '.join(_WRITERS)}, not {path.suffix!r}; "
            "choose one of these suffixes"
        )
    ordered = sorted(cases, key=lambda case: case.case_no)
    writer(path, [case_record(case, tuple(categories)) for case in ordered])


def case_record(case: Case, categories: tuple[Category, ...]) -> dict[str, Any]:
    """Make the row of a case: the columns of FIELDS and its geometry."""
    category = find_category(categories, case.category)
    photos = dict.fromkeys((entry.photo_id, entry.photo_sha256) for entry in case.evidence)
    score = score_of(case)
    values = (
        case.case_no,
        case.stage.value,
        case.category,
        category.name.en,
        category.name.zh,
        category.department.en,
        category.department.zh,
        case.urgency,
        case.class_name,
        None if score is None else round(score, 4),
        case.to_check,
        case.place.town,
        case.place.village,
        case.place.cell_code,
        case.place.cell_name,
        case.place.officer,
        round(case.lon_deg, 8),
        round(case.lat_deg, 8),
        round(case.sigma_m, 2),
        round(case.area_m2, 1),
        case.first_seen.isoformat(),
        case.last_seen.isoformat(),
        case.gone_at.isoformat() if case.gone_at else None,
        case.patrol_id,
        case.last_patrol_id,
        case.rule_id,
        case.rule_version,
        case.model_sha256,
        "; ".join(words.en for words in case.why),
        "；".join(words.zh for words in case.why),
        " ".join(photo_id for photo_id, _ in photos),
        " ".join(sha256 for _, sha256 in photos),
        case.version,
    )
    return {"geometry": case.polygon, **dict(zip(FIELDS, values, strict=True))}


def _write_layer(path: Path, records: Sequence[dict[str, Any]]) -> None:
    write_features(path, LAYER, records, fields=FIELDS)


def _write_csv(path: Path, records: Sequence[dict[str, Any]]) -> None:
    # With a byte order mark, so that spreadsheets read the Chinese columns as UTF-8.
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        table = csv.DictWriter(file, FIELDS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(records)


_WRITERS: dict[str, Callable[[Path, Sequence[dict[str, Any]]], None]] = {
    ".gpkg": _write_layer,
    ".geojson": _write_layer,
    ".csv": _write_csv,
}
