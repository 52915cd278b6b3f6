"""EDGE: which photos of all patrols show a place, and when they were taken.

A file of SQLite made from the patrols' frames, and made again from them where it is lost: an R*Tree
over the ground and the time of each photo finds candidates, the outlines decide.
"""

import json
import os
import sqlite3
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from pipeline.errors import PhotoIndexError
from pipeline.indexed import items_of, refuse_folder_of_patrols, state_of
from pipeline.workspace import Workspace

_TABLES = """
CREATE TABLE patrols (folder TEXT PRIMARY KEY, frames_sha256 TEXT NOT NULL);
CREATE TABLE photos (
  id INTEGER PRIMARY KEY, folder TEXT NOT NULL, taken_s REAL NOT NULL, ground BLOB NOT NULL,
  item TEXT NOT NULL
);
CREATE INDEX photos_of_patrol ON photos (folder);
CREATE VIRTUAL TABLE places USING rtree (id, west, east, south, north, first_s, last_s);
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS photos_in_order ON photos (taken_s);
CREATE INDEX IF NOT EXISTS photos_by_name ON photos (json_extract(item, '$.id'));
"""
"""A file of before they were there gets them when patrols are added; till then it is slower."""
_VERSION = 1
"""Of the tables; `frames_sha256` has the list of retired photos in it, too, where there is one."""
EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""All of time, for searches that name no beginning or no end."""
_LOCK_S = 60.0
_SEARCH = """
SELECT photos.ground, photos.item, taken_s, photos.id
FROM places JOIN photos ON photos.id = places.id
WHERE west <= :east AND east >= :west AND south <= :north AND north >= :south
  AND first_s <= :last_s AND last_s >= :first_s AND taken_s >= :first_s AND taken_s < :last_s
  AND (taken_s, photos.id) > (:after_s, :after_id)
ORDER BY taken_s, photos.id
"""
_IN_ORDER = """
SELECT ground, item, taken_s, id FROM photos
WHERE taken_s >= :first_s AND taken_s < :last_s AND (taken_s, id) > (:after_s, :after_id)
ORDER BY taken_s, id
"""
_NAMED = _IN_ORDER.replace(
    "WHERE", "WHERE json_extract(item, '$.id') IN (SELECT value FROM json_each(:names)) AND"
)
_HOW_MANY = """
SELECT count(*) FROM (
  SELECT 1 FROM places WHERE west <= :east AND east >= :west AND south <= :north AND north >= :south
  LIMIT :most
)
"""
_CHUNK = 200
_MANY = 2000
"""Photos around an area from which on a page of them is looked for in one span after another."""

Bounds = tuple[float, float, float, float]
Name = tuple[str, str]
"""Of a patrol, and of an item of it."""

Cursor = tuple[float, int]
"""Where a page of photos ended: when its last one was taken, in seconds, and its number."""
BEGIN: Cursor = (float("-inf"), 0)


class PhotoIndex:
    """Photos of all patrols, by place and time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take a file that is open already; `opened` opens one."""
        self._path, self._connection = path, connection

    @classmethod
    @contextmanager
    def opened(cls, path: Path, *, is_new: bool = False) -> Iterator[Self]:
        """Open an index, for `is_new` one that may have to be made.

        Raises:
            PhotoIndexError: there is none, or the file is something else.
        """
        if not is_new and not path.is_file():
            raise PhotoIndexError(
                f"{path}: is not there. Make it with `aerogrid photos add PATROL`."
            )
        try:
            with closing(_made(path) if is_new else _connected(path)) as connection:
                _check(connection)
                yield cls(path, connection)
        except sqlite3.Error as error:
            raise PhotoIndexError(
                f"{path}: cannot be used as an index of photos ({error}). Remove it and add the "
                "patrols again."
            ) from error

    def add(self, workspace: Workspace) -> int | None:
        """Take in a patrol's photos instead of those that were known of it.

        Returns:
            How many photos that were not retired have time and place; None where the patrol is
            known as it is.
        """
        refuse_folder_of_patrols(workspace)
        made_from = state_of(workspace)
        folder = self._folder_of(workspace)
        known = self._connection.execute(
            "SELECT frames_sha256 FROM patrols WHERE folder = ?", (folder,)
        ).fetchone()
        if known == (made_from,):
            return None
        items = items_of(workspace, self._path.parent.resolve())
        self.put(folder, made_from, items)
        return len(items)

    def put(self, folder: str, made_from: str, items: Sequence[dict[str, Any]]) -> None:
        """Let a patrol have these photos, in one transaction."""
        with self._connection:  # commits, or rolls back what did not end
            self._connection.execute("BEGIN IMMEDIATE")
            self._forget(folder)
            for item in items:
                self._put_photo(folder, item)
            self._connection.execute("INSERT INTO patrols VALUES (?, ?)", (folder, made_from))

    def remove(self, workspaces: Sequence[Workspace]) -> list[int]:
        """Forget patrols, whether their folders are there or not; how many photos of each.

        Raises:
            PhotoIndexError: one of them is not in the index; all stay.
        """
        folders = [self._folder_of(workspace) for workspace in workspaces]
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            known = self._folders()
            for workspace, folder in zip(workspaces, folders, strict=True):
                if folder not in known:
                    raise PhotoIndexError(
                        f"{workspace.root}: is no patrol of {self._path}. Give its folder as it "
                        "was when it was added; `aerogrid photos add --prune` forgets all whose "
                        "folders are gone."
                    )
            return [self._forget(folder) for folder in dict.fromkeys(folders)]

    def prune(self) -> list[Path]:
        """Forget patrols whose folders hold no frames any more; their folders."""
        above = self._path.parent.resolve()
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            gone = [
                folder
                for folder in sorted(self._folders())
                if not Workspace(above / folder).frames.is_file()
            ]
            for folder in gone:
                self._forget(folder)
        return [Path(os.path.normpath(above / folder)) for folder in gone]

    def _folder_of(self, workspace: Workspace) -> str:
        """A patrol as the index names it: by its way from the index's folder."""
        return os.path.relpath(workspace.root.resolve(), self._path.parent.resolve())

    def _folders(self) -> set[str]:
        return {folder for (folder,) in self._connection.execute("SELECT folder FROM patrols")}

    def _forget(self, folder: str) -> int:
        """Take a patrol out; how many photos it had."""
        run = self._connection.execute
        run("DELETE FROM places WHERE id IN (SELECT id FROM photos WHERE folder = ?)", (folder,))
        run("DELETE FROM patrols WHERE folder = ?", (folder,))
        return run("DELETE FROM photos WHERE folder = ?", (folder,)).rowcount

    def _put_photo(self, folder: str, item: dict[str, Any]) -> None:
        ground = shape(item["geometry"])
        taken_s = datetime.fromisoformat(item["properties"]["datetime"]).timestamp()
        row = (folder, taken_s, shapely.to_wkb(ground), json.dumps(item, ensure_ascii=False))
        put = self._connection.execute(
            "INSERT INTO photos (folder, taken_s, ground, item) VALUES (?, ?, ?, ?)", row
        )
        west, south, east, north = ground.bounds
        self._connection.execute(
            "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?)",
            (put.lastrowid, west, east, south, north, taken_s, taken_s),
        )

    def search(
        self, area: BaseGeometry, first: datetime = EVER[0], last: datetime = EVER[1]
    ) -> list[dict[str, Any]]:
        """STAC items of photos that show some of an area, in the order they were taken.

        Args:
            area: lon/lat degrees.
            first: the earliest time that counts.
            last: the first one that does not any more.
        """
        return _parsed(text for text, _ in self._showing(area, first, last, BEGIN))

    def page(
        self,
        area: BaseGeometry,
        first: datetime = EVER[0],
        last: datetime = EVER[1],
        *,
        after: Cursor = BEGIN,
        limit: int,
        names: Collection[Name] | None = None,
    ) -> tuple[list[dict[str, Any]], Cursor | None]:
        """So many items of `search` after the page before, and where the next page begins.

        None where there is no other page. With `names` only items of these count.
        """
        if names is None:
            showing = self._showing(area, first, last, after, limit)
        else:
            showing = self._named(frozenset(names), area, first, last, after)
        found = list(islice(showing, limit))
        more = next(showing, None) is not None
        return _parsed(text for text, _ in found), found[-1][1] if more else None

    def extent(self) -> tuple[Bounds, tuple[datetime, datetime]] | None:
        """West, south, east, north of all photos, rounded outwards, and their first and last time.

        None where there are no photos.
        """
        bounds, times_s = self._bounds(), self._times_s()
        if bounds is None or times_s is None:
            return None
        first, last = (datetime.fromtimestamp(at_s, UTC) for at_s in times_s)
        return bounds, (first, last)

    def _bounds(self) -> Bounds | None:
        """The root of the R*Tree says it at once; its form is SQLite's (rtree.c, "struct")."""
        (node,) = self._connection.execute(
            "SELECT data FROM places_node WHERE nodeno = 1"
        ).fetchone()
        (count,) = struct.unpack_from(">H", node, 2)
        cells = [struct.unpack_from(">q6f", node, 4 + 32 * cell) for cell in range(count)]
        if not cells:
            return None
        _, west, east, south, north, *_ = zip(*cells, strict=True)
        return min(west), min(south), max(east), max(north)

    def _times_s(self) -> tuple[float, float] | None:
        ends = [
            self._connection.execute(f"SELECT {end}(taken_s) FROM photos").fetchone()[0]
            for end in ("min", "max")  # SQLite looks each up, but walks through all for both
        ]
        return None if None in ends else (ends[0], ends[1])

    def _showing(
        self,
        area: BaseGeometry,
        first: datetime,
        last: datetime,
        after: Cursor,
        limit: int | None = None,
    ) -> Iterator[tuple[str, Cursor]]:
        west, south, east, north = area.bounds
        asked: dict[str, Any] = {"west": west, "south": south, "east": east, "north": north}
        asked |= _times(first, last, after)
        bounds = self._bounds()
        if bounds is not None and area.covers(shapely.box(*bounds)):
            return _of_area(area, self._run(_IN_ORDER, asked))
        if limit is None or not self._are_many(asked):
            return _of_area(area, self._run(_SEARCH, asked))
        spans = (self._run(_SEARCH, asked | span) for span in self._spans(asked, limit))
        return chain.from_iterable(_of_area(area, rows) for rows in spans)

    def _run(self, query: str, asked: dict[str, Any]) -> sqlite3.Cursor:
        return self._connection.execute(query, asked)

    def _are_many(self, asked: dict[str, Any]) -> bool:
        (count,) = self._run(_HOW_MANY, asked | {"most": _MANY}).fetchone()
        return int(count) == _MANY

    def _spans(self, asked: dict[str, Any], limit: int) -> Iterator[dict[str, float]]:
        """Times one after another that hold some pages' photos at first, then twice as much each.

        Sorting all photos of a large area for each page of it would take longer the more there are.
        """
        times_s = self._times_s()
        assert times_s is not None  # some photos were found
        (most,) = self._connection.execute("SELECT max(id) FROM photos").fetchone()
        begin_s = max(times_s[0], asked["first_s"], asked["after_s"])
        end_s = min(np.nextafter(times_s[1], np.inf), asked["last_s"])
        wide_s = max(1.0, 2 * limit * (times_s[1] - times_s[0]) / most)
        while begin_s < end_s:
            until_s = min(begin_s + wide_s, end_s)
            yield {"first_s": begin_s, "last_s": until_s}
            begin_s, wide_s = until_s, 2 * wide_s

    def _named(
        self,
        names: frozenset[Name],
        area: BaseGeometry,
        first: datetime,
        last: datetime,
        after: Cursor,
    ) -> Iterator[tuple[str, Cursor]]:
        asked = _times(first, last, after) | {"names": json.dumps([item for _, item in names])}
        for text, ended in _of_area(area, self._run(_NAMED, asked)):
            item = json.loads(text)
            if (item["properties"].get("aerogrid:patrol"), item["id"]) in names:
                yield text, ended

    def __len__(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM photos").fetchone()
        return int(count)


def _times(first: datetime, last: datetime, after: Cursor) -> dict[str, Any]:
    return {
        "first_s": first.timestamp(),
        "last_s": last.timestamp(),
        "after_s": after[0],
        "after_id": after[1],
    }


def _of_area(area: BaseGeometry, rows: sqlite3.Cursor) -> Iterator[tuple[str, Cursor]]:
    """Photos that show some of an area among those that may."""
    shapely.prepare(area)
    while chunk := rows.fetchmany(_CHUNK):
        grounds = shapely.from_wkb([ground for ground, *_ in chunk])
        shown = np.atleast_1d(shapely.intersects(area, grounds))
        for (_, item, taken_s, number), shows in zip(chunk, shown, strict=True):
            if shows:
                yield item, (taken_s, number)


def item_collection(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Items as a STAC item collection, which is GeoJSON."""
    return {"type": "FeatureCollection", "features": list(items)}


def _parsed(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Parse items at once, which takes a quarter less than one by one."""
    items: list[dict[str, Any]] = json.loads(f"[{','.join(texts)}]")
    return items


def _connected(path: Path) -> sqlite3.Connection:
    """Open a file that is there; SQLite would make one where it went in this moment."""
    uri = f"{path.resolve().as_uri()}?mode=rw"
    return sqlite3.connect(uri, timeout=_LOCK_S, isolation_level=None, uri=True)


def _made(path: Path) -> sqlite3.Connection:
    """Open a file, with the tables where it is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_LOCK_S, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables == 0 and version == 0:
            connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
            version = _VERSION
        if version == _VERSION:
            connection.executescript(_INDEXES)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != _VERSION:
        raise sqlite3.DatabaseError("it holds other tables")
