"""EDGE: observations as a GeoPackage that any GIS opens."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from geo.files import replacing
from geo.formats import write_features
from vision.errors import VisionError
from vision.model import Observation

_LAYER = "observations"
_PIXEL_DECIMALS = 2
_MADE_FROM = "made from "
_COLUMNS = (
    "observation_id", "class_name", "score", "area_m2", "cell_code", "other_cells", "photo_count",
    "photo_ids", "detections_px", "cov_ee_m2", "cov_en_m2", "cov_nn_m2", "seen_at",
    "is_aslant",
)  # fmt: skip


def write_observations(
    path: Path, observations: Sequence[Observation], made_from: str = ""
) -> None:
    """Write observations, one row each in the order given; the same input gives the same bytes.

    `made_from` is the digest of the files that they came from (see `source_digest`); it stands
    in the layer's description, where any GIS shows it.
    """
    rows = [_row(observation) for observation in observations]
    with replacing(path) as temporary:
        write_features(temporary, _LAYER, rows, fields=_COLUMNS)
        _describe(temporary, f"{_MADE_FROM}{made_from}" if made_from else "")


def _describe(path: Path, text: str) -> None:
    """Set the description of the layer in the GeoPackage's table of contents."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (text, _LAYER)
        )


def observations_source(path: Path) -> str:
    """Digest of the files that observations were made from; empty when the file does not say."""
    _require(path)
    try:
        description = (pyogrio.read_info(path, layer=_LAYER)["layer_metadata"] or {}).get(
            "DESCRIPTION", ""
        )
    except (DataSourceError, DataLayerError) as error:
        raise _foreign(path, error) from error
    return str(description).removeprefix(_MADE_FROM) if description.startswith(_MADE_FROM) else ""


def observations_digest(observations: Sequence[Observation]) -> str:
    """SHA-256 over the rows of observations; opening their file in a GIS does not change it."""
    rows = [
        {**_row(item), "geometry": shapely.to_wkb(item.polygon, hex=True, byte_order=1)}
        for item in observations
    ]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def source_digest(*paths: Path) -> str:
    """SHA-256 over the contents of files in the order given, such as frames and detections."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise VisionError(
                f"{path}: cannot be read ({error.strerror}); run the stage that writes it again"
            ) from error
    return digest.hexdigest()


def read_observations(path: Path) -> tuple[Observation, ...]:
    """Read what `write_observations` wrote."""
    _require(path)
    try:
        table = pyogrio.read_dataframe(path, layer=_LAYER)
        records = table.to_dict("records")
        return tuple(_observation(record) for record in records)
    except (
        DataSourceError, DataLayerError, ValueError, KeyError, shapely.errors.GEOSException
    ) as error:  # fmt: skip
        raise _foreign(path, error) from error


def _require(path: Path) -> None:
    if not path.exists():
        raise VisionError(f"{path}: no such file; run 'aerogrid locate' first")


def _foreign(path: Path, error: Exception) -> VisionError:
    return VisionError(
        f"{path}: no observation file of aerogrid ({error}); run 'aerogrid locate' again"
    )


def _row(item: Observation) -> dict[str, Any]:
    east, both, north = item.covariance_m2
    outlines = [shapely.to_wkt(p, rounding_precision=_PIXEL_DECIMALS) for p in item.detections_px]
    return {
        "geometry": item.polygon,
        "observation_id": item.observation_id,
        "class_name": item.class_name,
        "score": item.score,
        "area_m2": item.area_m2,
        "cell_code": item.cell_code,
        "other_cells": json.dumps(item.other_cells),
        "photo_count": len(item.photo_ids),
        "photo_ids": json.dumps(item.photo_ids, ensure_ascii=False),
        "detections_px": json.dumps(outlines),
        "cov_ee_m2": east,
        "cov_en_m2": both,
        "cov_nn_m2": north,
        "seen_at": None if item.seen_at is None else item.seen_at.isoformat(),
        "is_aslant": item.is_aslant,
    }


def _observation(row: dict[str, Any]) -> Observation:
    cell, seen_at = row["cell_code"], row["seen_at"]
    return Observation(
        observation_id=str(row["observation_id"]),
        class_name=str(row["class_name"]),
        score=float(row["score"]),
        polygon=row["geometry"],
        covariance_m2=(row["cov_ee_m2"], row["cov_en_m2"], row["cov_nn_m2"]),
        area_m2=float(row["area_m2"]),
        cell_code=cell if isinstance(cell, str) else None,
        other_cells=tuple(json.loads(row["other_cells"])),
        photo_ids=tuple(json.loads(row["photo_ids"])),
        detections_px=tuple(shapely.from_wkt(text) for text in json.loads(row["detections_px"])),
        seen_at=datetime.fromisoformat(seen_at) if isinstance(seen_at, str) else None,
        is_aslant=bool(row.get("is_aslant", False)),  # not told by an earlier aerogrid
    )
