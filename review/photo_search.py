"""The route of all pictures of a place, out of all patrols, as a STAC API searches for items."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from pipeline.photo_index import BEGIN, EVER, Cursor, Name, item_collection
from pipeline.stac import item_name
from review.errors import FeatureQueryError
from review.features import (
    BoundsText,
    GeoJson,
    LimitText,
    SpanText,
    link,
    parse_bounds,
    parse_limit,
    parse_span,
    url_with,
)
from review.photo_collection import COLLECTION, Here, Index, StacPlace, opened_index

PAGE = 100
MOST_CORNERS = 1000
MOST_NAMES = 500
_EARTH = (-180.0, -90.0, 180.0, 90.0)
_KIND = "application/geo+json"
_INSTANT = timedelta(microseconds=1)
_MOST_DIGITS = 18  # of a number that SQLite holds

_NO_GEOMETRY = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError,
    ShapelyError,
)  # fmt: skip
"""What reading JSON and making a shape of it fail with."""

router = APIRouter(prefix="/api")


@dataclass(frozen=True, slots=True)
class Asked:
    """A search; `names` are items by patrol and name, None all."""

    area: BaseGeometry
    first: datetime
    last: datetime
    after: Cursor
    limit: int
    names: tuple[Name, ...] | None


class SearchBody(BaseModel):
    """A search as STAC clients send it by POST."""

    model_config = ConfigDict(extra="forbid")

    bbox: list[float] | None = Field(default=None, min_length=4, max_length=6)
    intersects: dict[str, Any] | None = None
    datetime: str | None = Field(default=None, max_length=100)
    limit: int = PAGE
    collections: list[str] | None = Field(default=None, max_length=MOST_NAMES)
    ids: list[str] | None = Field(default=None, max_length=MOST_NAMES)
    token: str | None = Field(default=None, max_length=100)


@router.get("/stac/search", response_class=GeoJson)
def get_photos(
    request: Request,
    index: Index,
    here: Here,
    bbox_text: BoundsText = None,
    intersects: Annotated[
        str | None, Query(description="a GeoJSON geometry, instead of bbox", max_length=60_000)
    ] = None,
    span_text: SpanText = None,
    limit_text: LimitText = str(PAGE),
    collections: Annotated[str | None, Query(description="names, with commas between")] = None,
    ids: Annotated[str | None, Query(description="of photos, with commas between")] = None,
    token: Annotated[str | None, Query(description="as the `next` link has it")] = None,
) -> JSONResponse:
    """List photos that show some of an area in the order they were taken, a page at a time.

    Both ends of a span count, as STAC has it. Only who works for the whole district is answered:
    a photo shows what it shows, whose village that is or not.
    """
    asked = _asked(
        bbox_text,
        intersects,
        span_text,
        limit_text,
        token,
        names=None if ids is None else ids.split(","),
    )
    is_here = collections is None or COLLECTION in collections.split(",")
    items, ended = _found(index, asked) if is_here else ([], None)
    links = [link("self", f"{here.root}{url_with(request)}", _KIND)]
    if ended is not None:
        following = url_with(request, token=_token(ended))
        links.append(link("next", f"{here.root}{following}", _KIND))
    return _page(here, items, links)


@router.post("/stac/search", response_class=GeoJson)
def search_photos(body: SearchBody, index: Index, here: Here) -> JSONResponse:
    """List photos as the same search by GET does; changes nothing."""
    asked = _asked(
        None if body.bbox is None else ",".join(map(repr, body.bbox)),
        None if body.intersects is None else json.dumps(body.intersects),
        body.datetime, str(body.limit), body.token, names=body.ids,
    )  # fmt: skip
    is_here = body.collections is None or COLLECTION in body.collections
    items, ended = _found(index, asked) if is_here else ([], None)
    links: list[dict[str, Any]] = [{**link("self", f"{here.stac}/search", _KIND), "method": "POST"}]
    if ended is not None:
        again = body.model_dump(exclude_none=True) | {"token": _token(ended)}
        links.append(links[0] | {"rel": "next", "body": again, "merge": False})
    return _page(here, items, links)


def _asked(
    bbox_text: str | None,
    intersects: str | None,
    span_text: str | None,
    limit_text: str,
    token: str | None,
    *,
    names: Sequence[str] | None,
) -> Asked:
    area, after, limit = _area(bbox_text, intersects), _cursor(token), parse_limit(limit_text)
    first, last = parse_span(span_text) or (None, None)
    named = None if names is None else tuple(map(_name, names[:MOST_NAMES]))
    return Asked(area, first or EVER[0], _just_after(last), after, limit, named)


def _found(index: Path, asked: Asked) -> tuple[list[dict[str, Any]], Cursor | None]:
    with opened_index(index) as photos:
        return photos.page(
            asked.area, asked.first, asked.last,
            after=asked.after, limit=asked.limit, names=asked.names,
        )  # fmt: skip


def _page(
    here: StacPlace, items: Iterable[dict[str, Any]], links: list[dict[str, Any]]
) -> JSONResponse:
    features = [_in_collection(item, here) for item in items]
    return GeoJson(item_collection(features) | {"links": links, "numberReturned": len(features)})


def _in_collection(item: dict[str, Any], here: StacPlace) -> dict[str, Any]:
    """An item by the one name that it has among those of all patrols."""
    patrol = item_name(item["properties"]["aerogrid:patrol"])
    links = [
        link("root", here.stac),
        *(link(rel, f"{here.stac}/collections/{COLLECTION}") for rel in ("parent", "collection")),
    ]
    return item | {"id": f"{patrol}~1{item['id']}", "collection": COLLECTION, "links": links}


def _name(text: str) -> Name:
    """Patrol and item of the name that `_in_collection` gives."""
    patrol, _, item = text.partition("~1")
    return patrol.replace("~0", "~"), item


def _token(ended: Cursor) -> str:
    return f"{ended[0]!r}_{ended[1]}"


def _just_after(last: datetime | None) -> datetime:
    try:
        return EVER[1] if last is None else last + _INSTANT
    except OverflowError:
        return EVER[1]


def _area(bbox_text: str | None, intersects: str | None) -> BaseGeometry:
    """The area that is asked for, lon/lat; the earth where none is."""
    if bbox_text is not None and intersects is not None:
        raise FeatureQueryError("bbox and intersects exclude each other; give one of them")
    if intersects is None:
        west, south, east, north = parse_bounds(bbox_text) or _EARTH
        known: BaseGeometry = shapely.box(
            *np.clip((west, south, east, north), _EARTH[:2] * 2, _EARTH[2:] * 2)
        )
        return known
    try:
        area: BaseGeometry = shape(json.loads(intersects))
    except _NO_GEOMETRY as error:
        raise FeatureQueryError(f"intersects: is no geometry of GeoJSON ({error})") from error
    if area.is_empty or not area.is_valid or shapely.get_num_coordinates(area) > MOST_CORNERS:
        raise FeatureQueryError(
            f"intersects: give a sound geometry of at most {MOST_CORNERS} corners, lon/lat"
        )
    return area


def _cursor(token: str | None) -> Cursor:
    if token is None:
        return BEGIN
    taken_s, _, number = token.rpartition("_")
    try:
        if len(number) <= _MOST_DIGITS:
            return float(taken_s), int(number)
    except ValueError:
        pass
    raise FeatureQueryError(f"token {token!r}: give it as the `next` link has it, or none")
