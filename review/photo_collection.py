"""The routes by which STAC clients learn what the search of photos is: landing page, collection."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from pipeline.errors import PhotoIndexError
from pipeline.photo_index import PhotoIndex
from pipeline.stac import VERSION
from review.admission import EntranceOf
from review.errors import PhotoSearchError, UnknownLayerError
from review.features import link
from review.flying import FlyingGuest

COLLECTION = "photos"
CONFORMANCE = tuple(
    f"https://api.stacspec.org/v1.0.0/{name}" for name in ("core", "collections", "item-search")
)
_ITEMS = "application/geo+json"
_EARTH = (-180.0, -90.0, 180.0, 90.0)

_log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/stac")


@dataclass(frozen=True, slots=True)
class StacPlace:
    """By which address the page was asked; STAC's clients follow whole addresses only."""

    root: str

    @property
    def stac(self) -> str:
        """Address of the landing page."""
        return f"{self.root}/api/stac"


def _here(request: Request, entrance: EntranceOf) -> StacPlace:
    scheme = "https" if entrance.is_secure else "http"
    return StacPlace(f"{scheme}://{request.headers['host']}")  # one of ours: the guard has looked


def _index(request: Request, _: FlyingGuest) -> Path:
    index: Path | None = request.app.state.photo_index
    if index is None:
        raise UnknownLayerError(
            "the page has no index of photos; make one with `aerogrid photos add` and serve with "
            "--photos-index FILE"
        )
    return index


Here = Annotated[StacPlace, Depends(_here)]
Index = Annotated[Path, Depends(_index)]
"""The index of photos, for those who may see all that they show."""


@contextmanager
def opened_index(index: Path) -> Iterator[PhotoIndex]:
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


@router.get("")
def get_landing(_: Index, here: Here) -> dict[str, Any]:
    """Lead a STAC client to the collection and to the search."""
    search = f"{here.stac}/search"
    return {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": "aerogrid",
        "title": "aerogrid",
        "description": "Photos of all patrols of the district",
        "conformsTo": list(CONFORMANCE),
        "links": [
            link("self", here.stac),
            link("root", here.stac),
            link("conformance", f"{here.stac}/conformance"),
            link("data", f"{here.stac}/collections"),
            link("child", f"{here.stac}/collections/{COLLECTION}"),
            *({**link("search", search, _ITEMS), "method": method} for method in ("GET", "POST")),
            link("service-desc", f"{here.root}/api/openapi.json"),
        ],
    }


@router.get("/conformance")
def get_conformance(_: Index) -> dict[str, Any]:
    """Say which parts of the STAC API are kept."""
    return {"conformsTo": list(CONFORMANCE)}


@router.get("/collections")
def get_collections(index: Index, here: Here) -> dict[str, Any]:
    """List the one collection."""
    links = [link("self", f"{here.stac}/collections"), link("root", here.stac)]
    return {"collections": [_collection(index, here)], "links": links}


@router.get("/collections/{name}")
def get_collection(name: str, index: Index, here: Here) -> dict[str, Any]:
    """Tell of the photos of all patrols together: where and when they were taken."""
    if name != COLLECTION:
        raise UnknownLayerError(f"no collection {name!r}; there is {COLLECTION}")
    return _collection(index, here)


def _collection(index: Path, here: StacPlace) -> dict[str, Any]:
    with opened_index(index) as photos:
        extent = photos.extent()
    bounds, times = extent or (_EARTH, (None, None))
    return {
        "type": "Collection",
        "stac_version": VERSION,
        "id": COLLECTION,
        "title": "Photos",
        "description": "Photos of all patrols that know when and where they were taken. The `href` "
        "of a photo begins at the folder of the index, and is reached where that is.",
        "license": "other",
        "extent": {
            "spatial": {"bbox": [list(bounds)]},
            "temporal": {"interval": [[_utc(at) for at in times]]},
        },
        "links": [
            link("self", f"{here.stac}/collections/{COLLECTION}"),
            link("root", here.stac),
            link("parent", here.stac),
        ],
    }


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
