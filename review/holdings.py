"""EDGE: the patrols whose photos the page may show: of each where it lies, its photos when asked.

What is kept of a patrol does not grow with its photos, but for eight bytes each; what is known of
the photos themselves is read when one of them is asked for, and kept as long as there is room.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPoint
from shapely.geometry.base import BaseGeometry

from geo.errors import AerogridError
from review.kept import Kept
from vision.errors import VisionError
from vision.frame_extent import Outlook, read_extent
from vision.frame_table import read_frame_table
from vision.model import Frame

MOST_FRAMES = 20_000  # of 2 kB and more
LOOK_EVERY_S = 60.0
"""After so long patrols that have come are looked for, once somebody asks for anything."""
LOOK_AGAIN_S = 5.0
"""The same where somebody asks for what is not known."""

Frames = Mapping[str, Frame]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PatrolPhotos:
    """The photos of one patrol: their folder, and the table of what is known of each of them."""

    patrol_id: str
    folder: Path
    table: Path


Find = Callable[[], Sequence[PatrolPhotos]]
"""Gives the patrols that have come, or were filed anew, since it was called last."""


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """What is kept of a patrol.

    Attributes:
        folder: of the photos, without links in its path.
        ground: what encloses the places that its photos were taken from, lon/lat; None where no
            photo knows.
        outlook: None where no photo knows time, camera and pose.
    """

    patrol_id: str
    folder: Path
    table: Path
    ground: BaseGeometry | None
    outlook: Outlook | None
    _keys: NDArray[np.int64]

    def __len__(self) -> int:
        """How many photos can be shown."""
        return len(self._keys)

    def has(self, photo_id: str) -> bool:
        """Whether it holds a photo of this id, told by 64 bits of it."""
        key = hash(photo_id)
        nth = int(np.searchsorted(self._keys, key))
        return nth < len(self._keys) and int(self._keys[nth]) == key


def hold(patrol: PatrolPhotos) -> Holding:
    """Look through the table of a patrol.

    Raises:
        VisionError: the table is gone or damaged.
    """
    extent = read_extent(patrol.table)
    places = MultiPoint(extent.places_deg)
    return Holding(
        patrol.patrol_id,
        patrol.folder.resolve(),
        patrol.table,
        None if places.is_empty else places.convex_hull,
        extent.outlook,
        np.sort(np.fromiter(map(hash, extent.photo_ids), np.int64)),
    )


class Holdings:
    """All patrols that the page has; may be shared between threads."""

    def __init__(
        self,
        patrols: Iterable[PatrolPhotos],
        find: Find = tuple,
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take patrols, and whoever finds those that come later; a later one of a name counts."""
        self._held = {patrol.patrol_id: hold(patrol) for patrol in patrols}
        self._find, self._clock_s = find, clock_s
        self._looking = threading.Lock()
        self._looked_s = clock_s()
        self._frames: Kept[tuple[str, int, int], Frames] = Kept(MOST_FRAMES, len, at_once=1)
        self.version = 0
        """Another whenever there are other patrols."""

    def all(self) -> Sequence[Holding]:
        """List the patrols, those that have come last at the end."""
        self._look(LOOK_EVERY_S)
        return tuple(self._held.values())

    def holding(self, patrol_id: str, photo_id: str | None = None) -> Holding | None:
        """Look a patrol up, as one that has a photo where one is named; None where none has."""
        self._look(LOOK_EVERY_S)
        found = self._held.get(patrol_id)
        if found is None or not (photo_id is None or found.has(photo_id)):
            self._look(LOOK_AGAIN_S)
            found = self._held.get(patrol_id)
        return found if found and (photo_id is None or found.has(photo_id)) else None

    def having(self, photo_id: str) -> list[Holding]:
        """List the patrols that hold a photo of this id."""
        found = [holding for holding in self.all() if holding.has(photo_id)]
        if not found:
            self._look(LOOK_AGAIN_S)
            found = [holding for holding in self._held.values() if holding.has(photo_id)]
        return found

    def frames(self, holding: Holding) -> Frames:
        """Read what is known of a patrol's photos, by id; nothing where its table is gone."""
        try:
            status = holding.table.stat()
            key = str(holding.table), status.st_mtime_ns, status.st_size
            return self._frames.get(key, lambda: _readable(holding.table))
        except (OSError, VisionError) as error:
            _log.error("%s: photos of patrol %s: %s", holding.table, holding.patrol_id, error)
            return {}

    def _look(self, after_s: float) -> None:
        """Take in what has come, unless somebody has looked within so long."""
        if self._clock_s() - self._looked_s < after_s:
            return
        with self._looking:
            if self._clock_s() - self._looked_s < after_s:
                return
            self._looked_s = self._clock_s()
            for patrol in self._find():
                self._take(patrol)

    def _take(self, patrol: PatrolPhotos) -> None:
        try:
            self._held = {**self._held, patrol.patrol_id: hold(patrol)}
        except AerogridError as error:
            _log.error("patrol %s is not shown: %s", patrol.patrol_id, error)
            return
        self.version += 1


def _readable(table: Path) -> Frames:
    return {frame.photo_id: frame for frame in read_frame_table(table) if frame.is_readable}
