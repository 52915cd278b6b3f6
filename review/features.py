"""The routes of OGC API - Features (part 1): cells, cases and patrols for QGIS and others."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import shapely
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from shapely.geometry.base import BaseGeometry

from cases.model import Case, FilingEntry
from geo.grid import Cell
from review import presenters
from review.admission import Data
from review.blind import Blind, seen_cases
from review.errors import FeatureQueryError, UnknownFeatureError, UnknownLayerError
from review.holdings import Holding
from review.sources import ReviewData
from review.veils import count_of, page_of
from review.views import MOST

PAGE = 100
CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson")
)
COLLECTIONS = {
    "cells": "Grid cells of the district / 网格",
    "cases": "Cases as they stand / 案件",
    "patrols": "Patrols that were filed / 巡查",
}
_GEOJSON = "application/geo+json"

Bounds = tuple[float, float, float, float]
Span = tuple[datetime | None, datetime | None]
BoundsText = Annotated[str | None, Query(alias="bbox", description="west,south,east,north")]
SpanText = Annotated[
    str | None, Query(alias="datetime", description="a time, or START/END with .. for open ends")
]
LimitText = Annotated[str, Query(alias="limit", description=f"1 or more, at most {MOST} count")]
_PARAMETERS = ("bbox", "datetime", "limit", "after")


def refuse_unknown(request: Request) -> None:
    """Refuse parameters that a route does not have, as the standard asks."""
    known = _PARAMETERS if request.url.path.endswith("/items") else ()
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise FeatureQueryError(
            f"parameter {unknown[0]!r} is not known here; there are {', '.join(known) or 'none'}"
        )


class GeoJson(JSONResponse):
    """A feature or several."""

    media_type = _GEOJSON


router = APIRouter(dependencies=[Depends(refuse_unknown)])


@router.get("/ogc")
def get_landing() -> dict[str, Any]:
    """Lead to everything, as clients ask first."""
    links = {"service-desc": "/api/openapi.json", "conformance": "/conformance",
             "data": "/collections", "self": "/ogc"}  # fmt: skip
    return {"title": "aerogrid", "links": [link(rel, href) for rel, href in links.items()]}


@router.get("/conformance")
def get_conformance() -> dict[str, Any]:
    """Say which parts of the standard are kept."""
    return {"conformsTo": list(CONFORMANCE)}


@router.get("/collections")
def get_collections() -> dict[str, Any]:
    """List the collections."""
    told = [_collection(name) for name in COLLECTIONS]
    return {"links": [link("self", "/collections")], "collections": told}


@router.get("/collections/{name}")
def get_collection(name: str) -> dict[str, Any]:
    """Tell of one collection."""
    _require(name)
    return _collection(name)


@router.get("/collections/{name}/items", response_class=GeoJson)
def get_items(
    name: str,
    request: Request,
    data: Data,
    blind: Blind,
    bbox_text: BoundsText = None,
    span_text: SpanText = None,
    limit_text: LimitText = str(PAGE),
    after: Annotated[str | None, Query(description="as the `next` link has it")] = None,
) -> GeoJson:
    """List features in a window and a span of time, a page at a time."""
    _require(name)
    bbox, span, limit = parse_bounds(bbox_text), parse_span(span_text), parse_limit(limit_text)
    if name == "cases":
        found = page_of(
            data, blind, stage=None, bbox=bbox, seen=span, order="newest" if span else "urgency",
            after=after, limit=limit,
        )  # fmt: skip
        features, following = [_case(case) for case in found.cases], found.next
    else:
        every = _cells(data) if name == "cells" else _patrols(data)
        features = _after([f for f in every if _is_in(f, bbox, span)], after)
        following = str(features[limit - 1]["id"]) if len(features) > limit else None
    page: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [_plain(feature) for feature in features[:limit]],
        "numberReturned": min(limit, len(features)),
        "links": [link("self", url_with(request), _GEOJSON)],
    }
    if name == "cases" and bbox is None and span is None:
        page["numberMatched"] = count_of(data, blind)
    if following is not None:
        url = url_with(request, after=following)
        page["links"].append(link("next", url, _GEOJSON))
    return GeoJson(page)


@router.get("/collections/{name}/items/{feature_id}", response_class=GeoJson)
def get_item(name: str, feature_id: str, data: Data, blind: Blind) -> GeoJson:
    """Show one feature."""
    _require(name)
    if name == "cases":
        [case] = seen_cases(data, blind, [data.registry.case(feature_id)])
        feature: dict[str, Any] | None = _case(case)
    else:
        every = _cells(data) if name == "cells" else _patrols(data)
        feature = next((entry for entry in every if entry["id"] == feature_id), None)
    if feature is None:
        raise UnknownFeatureError(f"{name} has no feature {feature_id!r}")
    return GeoJson(_plain(feature))


def parse_bounds(text: str | None) -> Bounds | None:
    """Read west, south, east, north in degrees; heights of a box of six numbers do not count."""
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not (numbers[0] <= numbers[2] and numbers[1] <= numbers[3]):
        raise FeatureQueryError(f"bbox {text!r}: give west,south,east,north in degrees")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def parse_span(text: str | None) -> Span | None:
    """Read a time or START/END, each RFC 3339 with its zone; `..` or nothing is an open end."""
    if text is None:
        return None
    first, slash, last = text.partition("/")
    start = _moment(first, text)
    end = _moment(last, text) if slash else start
    if start is not None and end is not None and start > end:
        raise FeatureQueryError(f"datetime {text!r}: the end is before the start")
    return start, end


def parse_limit(text: str) -> int:
    """Read how many features a page may have; above the most, the most."""
    try:
        limit = int(text)
    except ValueError:
        limit = 0
    if limit < 1:
        raise FeatureQueryError(f"limit {text!r}: give a whole number of 1 or more")
    return min(limit, MOST)


def _moment(part: str, text: str) -> datetime | None:
    if part in ("", ".."):
        return None
    try:
        moment = datetime.fromisoformat(part)
    except ValueError:
        moment = datetime.min
    if moment.utcoffset() is None:
        raise FeatureQueryError(
            f"datetime {text!r}: give times such as 2026-06-10T02:00:00Z, or START/END"
        )
    return moment


def _require(name: str) -> None:
    if name not in COLLECTIONS:
        raise UnknownLayerError(f"no collection {name!r}; there are {', '.join(COLLECTIONS)}")


def _collection(name: str) -> dict[str, Any]:
    here = f"/collections/{name}"
    links = [link("self", here), link("items", f"{here}/items", _GEOJSON)]
    return {"id": name, "title": COLLECTIONS[name], "itemType": "feature", "links": links}


def link(rel: str, href: str, kind: str = "application/json") -> dict[str, str]:
    """A link as OGC API and STAC write it."""
    return {"rel": rel, "href": href, "type": kind}


def url_with(request: Request, **more: str) -> str:
    """The address that was asked for, with other parameters."""
    asked = {**request.query_params, **more}
    return f"{request.url.path}?{urlencode(asked)}" if asked else request.url.path


def _feature(
    name: str, shape: BaseGeometry | None, span: Span, properties: Mapping[str, Any]
) -> dict[str, Any]:
    """Hold shape and span with a feature until it is chosen."""
    return {"id": name, "shape": shape, "span": span, "properties": dict(properties)}


def _plain(feature: Mapping[str, Any]) -> dict[str, Any]:
    shape = feature["shape"]
    return {
        "type": "Feature",
        "id": feature["id"],
        "geometry": None if shape is None else presenters.geometry(shape),
        "properties": feature["properties"],
    }


def _case(case: Case) -> dict[str, Any]:
    properties = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(presenters.case_item(case)).items()
    }
    return _feature(case.case_no, case.polygon, (case.first_seen, case.last_seen), properties)


def _cells(data: ReviewData) -> list[dict[str, Any]]:
    return [_cell(cell) for cell in sorted(data.grid, key=lambda cell: cell.code)]


def _cell(cell: Cell) -> dict[str, Any]:
    names = ("code", "name", "town", "village", "officer")
    return _feature(
        cell.code, cell.boundary, (None, None), {name: getattr(cell, name) for name in names}
    )


def _patrols(data: ReviewData) -> list[dict[str, Any]]:
    """The newest filing of each patrol, oldest patrol first."""
    newest = {entry.patrol_id: entry for entry in data.registry.filings()}
    return [
        _patrol(entry, data.photos.patrols.holding(entry.patrol_id)) for entry in newest.values()
    ]


def _patrol(entry: FilingEntry, holding: Holding | None) -> dict[str, Any]:
    """A patrol lies where its photos were taken from, as far as this page has them."""
    shape = holding.ground if holding else None
    properties = {
        "flown_at": entry.flown_at.isoformat(),
        "filed_at": entry.filed_at.isoformat(),
        "rule_version": entry.rule_version,
        "model_sha256": entry.model_sha256,
        **{name: len(numbers) for name, numbers in entry.result.lists().items()},
    }
    return _feature(entry.patrol_id, shape, (entry.flown_at, entry.flown_at), properties)


def _is_in(feature: Mapping[str, Any], bbox: Bounds | None, span: Span | None) -> bool:
    shape, (first, last) = feature["shape"], feature["span"]
    if bbox is not None and (shape is None or not shape.intersects(shapely.box(*bbox))):
        return False
    start, end = span or (None, None)
    is_before = start is not None and last is not None and last < start
    return not is_before and not (end is not None and first is not None and first > end)


def _after(features: list[dict[str, Any]], after: str | None) -> list[dict[str, Any]]:
    if after is None:
        return features
    for index, feature in enumerate(features):
        if feature["id"] == after:
            return features[index + 1 :]
    raise UnknownFeatureError(f"no feature {after!r} to go on after; begin without `after`")
