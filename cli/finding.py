"""All pictures of a place: the index of photos, and what is told of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from cli import console
from cli.many_patrols import of_each
from geo.errors import AerogridError
from geo.files import replacing
from geo.formats import read_features
from pipeline.photo_index import PhotoIndex, item_collection
from pipeline.workspace import Workspace

_SHOWN = 20


def add(patrols: Sequence[Path], index: Path, *, prune: bool) -> int:
    """Take patrols' photos into the index; one that is known as it is costs nothing.

    With `prune` patrols whose folders are gone are forgotten.
    """
    with PhotoIndex.opened(index, is_new=True) as opened:

        def added(patrol: Path) -> None:
            photos = opened.add(Workspace(patrol))
            said = "is known already" if photos is None else f"{photos} photos with time and place"
            console.err.print(f"{console.where(patrol)}: {said}", highlight=False)

        _, refused = of_each(patrols, added)
        for gone in opened.prune() if prune else ():
            console.err.print(f"{console.where(gone)}: is gone, and forgotten", highlight=False)
        _tell_count(opened, index)
    return console.IN_PART if refused else console.DONE


def remove(patrols: Sequence[Path], index: Path) -> int:
    """Forget patrols, whose folders may be gone."""
    with PhotoIndex.opened(index) as opened:
        counts = opened.remove([Workspace(patrol) for patrol in patrols])
        count = console.counted(sum(counts), "photo")
        console.out.print(f"{count} of {console.counted(len(counts), 'patrol')} forgotten")
        _tell_count(opened, index)
    return 0


def _tell_count(opened: PhotoIndex, index: Path) -> None:
    console.out.print(f"{len(opened)} photos in {console.where(index)}", highlight=False)


def find(
    index: Path,
    *,
    at: str | None,
    within: Path | None,
    first: str | None,
    last: str | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Tell which photos show the place `at`, or some of the area of the file `within`."""
    area = _area(at, within)
    times = {
        name: console.moment(option, text)
        for name, option, text in (("first", "--from", first), ("last", "--to", last))
        if text is not None
    }
    if len(times) == 2 and times["first"] >= times["last"]:
        raise AerogridError(f"--from {first} is not before --to {last}; exchange them.")
    with PhotoIndex.opened(index) as opened:
        items = opened.search(area, **times)
    if out is not None:
        with replacing(out) as temporary:
            temporary.write_text(json.dumps(item_collection(items), ensure_ascii=False))
    if as_json:
        console.out.print_json(json.dumps(item_collection(items), ensure_ascii=False))
        return 0
    shown = items if len(items) <= _SHOWN else items[:_SHOWN]
    columns = ["photo", "patrol", "taken", "cm per pixel"]
    console.show("Photos", columns, [_row(item, index) for item in shown])
    more = "" if len(shown) == len(items) else f"; the first {_SHOWN} are shown, --out takes all"
    console.out.print(f"{console.counted(len(items), 'photo')}{more}", highlight=False)
    return 0


def _row(item: dict[str, Any], index: Path) -> tuple[str, str, str, str]:
    told = item["properties"]
    photo = console.where(index.parent / item["assets"]["photo"]["href"])
    gsd = f"{100 * told['gsd']:.3g}" if "gsd" in told else ""
    return photo, told["aerogrid:patrol"], told["datetime"], gsd


def _area(at: str | None, within: Path | None) -> BaseGeometry:
    """The place or the area that is asked for, lon/lat."""
    if at is not None:
        try:
            lon_deg, lat_deg = (float(part) for part in at.split(","))
        except ValueError as error:
            raise AerogridError(
                f"--at {at}: is not LON,LAT in degrees, such as 120.13,32.51"
            ) from error
        if not (-180 <= lon_deg <= 180 and -90 <= lat_deg <= 90):
            raise AerogridError(f"--at {at}: lies outside the earth; give LON,LAT, not LAT,LON")
        return shapely.Point(lon_deg, lat_deg)
    assert within is not None  # the verb asks for one of the two
    return shapely.union_all([feature.geometry for feature in read_features(within)])
