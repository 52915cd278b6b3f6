"""The route of all pictures of a place, out of all patrols, as a STAC API searches for items."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import shapely
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from pipeline.errors import PhotoIndexError
from pipeline.photo_index import BEGIN, EVER, Cursor, PhotoIndex, item_collection
from review.errors import FeatureQueryError, PhotoSearchError, UnknownLayerError
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
from review.flying import FlyingGuest

PAGE = 100
MOST_CORNERS = 1000
_EARTH = (-180.0, -90.0, 180.0, 90.0)
_KIND = "application/geo+json"
_INSTANT = timedelta(microseconds=1)
_MOST_DIGITS = 18  # of a number that SQLite holds

_NO_GEOMETRY = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError,
    ShapelyError,
)  # fmt: skip
"""What reading JSON and making a shape of it fail with."""

_log = logging.getLogger(__name__)

router = APIRouter(prefix="/api")


@router.get("/stac/search", response_class=GeoJson)
def get_photos(
    request: Request,
    _: FlyingGuest,
    bbox_text: BoundsText = None,
    intersects: Annotated[
        str | None, Query(description="a GeoJSON geometry, instead of bbox", max_length=60_000)
    ] = None,
    span_text: SpanText = None,
    limit_text: LimitText = str(PAGE),
    token: Annotated[str | None, Query(description="as the `next` link has it")] = None,
) -> JSONResponse:
    """List photos that show some of an area in the order they were taken, a page at a time.

    Both ends of a span count, as STAC has it. Only who works for the whole district is answered:
    a photo shows what it shows, whose village that is or not.
    """
    index: Path | None = request.app.state.photo_index
    if index is None:
        raise UnknownLayerError(
            "the page has no index of photos; make one with `aerogrid photos add` and serve with "
            "--photos-index FILE"
        )
    area, after, limit = _area(bbox_text, intersects), _cursor(token), parse_limit(limit_text)
    first, last = parse_span(span_text) or (None, None)
    with _opened(index) as photos:
        items, ended = photos.page(
            area, first or EVER[0], _just_after(last), after=after, limit=limit
        )
    links = [link("self", url_with(request), _KIND)]
    if ended is not None:
        links.append(link("next", url_with(request, token=f"{ended[0]!r}_{ended[1]}"), _KIND))
    return GeoJson(item_collection(items) | {"links": links, "numberReturned": len(items)})


@contextmanager
def _opened(index: Path) -> Iterator[PhotoIndex]:
    """Open the index; where it lies is for the log alone."""
    try:
        with PhotoIndex.opened(index) as photos:
            yield photos
    except PhotoIndexError as error:
        _log.error("%s", error)
        raise PhotoSearchError(
            "the index of photos is not there any more, or damaged; make it again with `aerogrid "
            "photos add` (the server's log says why)"
        ) from error


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
