"""EDGE: look at photos while the drone still flies: search each as it lands, file what it shows.

The same stages as those of a whole patrol, over the photos that are there, so that the analysis of
the whole flight afterwards is the same patrol filed again: it replaces what was said on the way and
doubles nothing. Two things are left to it: matching photos to adjust their poses, and telling that
a case is gone, which half of a flight cannot know. Once it has been, both stay as it left them: a
photo that lands later is added as it says it was taken.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from shapely import Polygon

from cases.model import FilingResult
from geo.files import require_writable
from pipeline import following
from pipeline.adjusting import write_adjustment
from pipeline.analysis import (
    Located,
    opened,
    refuse_inside_photos,
    search_key,
    write_located,
)
from pipeline.filing import Seen, file_seen
from pipeline.ground import covered, ground_of
from pipeline.inputs import Inputs, write_inputs, write_patrol_settings
from pipeline.ledger import Ledger
from pipeline.remarks import write_remarks
from pipeline.searched import LANDED_LATE, STILL_FLYING, Mark, mark_of, searched_before
from pipeline.settings import Settings
from pipeline.surroundings import read_surroundings
from pipeline.telling import Note
from pipeline.workspace import Workspace, refuse_foreign_folder
from vision.adjustment import Adjustment
from vision.coco import write_coco
from vision.detector import detect_frame
from vision.errors import PhotoError
from vision.frame_table import write_frames
from vision.frames import ReadPhoto, frames_of, photo_ids, read_photo
from vision.growing import Ground, Growing
from vision.images import list_photos
from vision.model import Detection, Frame
from vision.polygons import PolygonRules
from vision.poses import ClockRules
from vision.quality import is_worth_looking, with_accepted, with_scale_remarks

AT_ONCE = 2
"""Photos that are searched side by side, and beside the filing of those before."""

EMPTY_AT_ONCE = 16
"""Photos without any detection that are filed together; filing takes longer with every photo."""

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the folder came to.

    Attributes:
        photos: that are known by now.
        searched: in this look.
        waiting: that are known and not searched yet.
        result: what was filed; None where nothing was: photos that show nothing wait for others.
        is_landing: whether there are files that are not known yet, since they may be being written.
    """

    photos: int
    searched: tuple[str, ...]
    waiting: int
    result: FilingResult | None
    is_landing: bool = False


@dataclass(frozen=True, slots=True)
class _Search:
    """A photo in hand, with the stamp under which it was read."""

    frame: Frame
    path: Path
    stamp: Stamp | None
    found: Future[list[Detection]]


class Watch:
    """Follows a folder of photos into a patrol; goes on where an earlier one was killed."""

    def __init__(
        self, workspace: Workspace, inputs: Inputs, settings: Settings, note: Note
    ) -> None:
        """Read everything that the photos are held against, once.

        Raises:
            AerogridError: a file cannot be used, or the patrol's folder is none.
        """
        require_writable(workspace.frames)
        refuse_inside_photos(workspace, inputs)
        refuse_foreign_folder(workspace)
        self._around = read_surroundings(inputs, settings)
        for problem in () if self._around.grid is None else self._around.grid.problems:
            note(f"{inputs.cells}: {problem}")
        self._workspace, self._inputs, self._settings = workspace, inputs, settings
        self._detector = opened(settings.detecting)
        workspace.root.mkdir(parents=True, exist_ok=True)
        write_inputs(workspace, inputs)
        write_patrol_settings(workspace, settings)
        self._before = searched_before(workspace, self._detector.package.digest)
        self._ledger = Ledger(workspace.detection_ledger)
        self._stamps: dict[Path, Stamp] = {}
        self._read: dict[Path, ReadPhoto] = {}
        self._frames: tuple[Frame, ...] = ()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="search")
        self._in_hand: dict[str, _Search] = {}
        self._unfiled = 0
        self._note = note
        self._told: set[Mark] = set()
        self._growing: Growing | None = None
        self._is_filed = self._before.by_analysis

    def close(self) -> None:
        """End the search; what was searched stays known to the next watch, and to `detect`."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ledger.close()

    def look(self, now: datetime) -> Look:
        """Take in what has landed, search the newest few, and file what is seen by now.

        A file that is still being written is left for the next look.
        """
        fresh = self._take_in()
        if fresh:
            before = {frame.sha256 for frame in self._frames}
            self._frames = self._described()
            following.read(frame for frame in self._frames if frame.sha256 not in before)
        frames = self._frames
        wanted = [frame for frame in frames if is_worth_looking(frame)]
        digest, by = self._detector.package.digest, self._detector.runs_as
        keys = {frame.photo_id: search_key(frame, digest, by) for frame in wanted}
        unknown = {
            keys[frame.photo_id]: frame
            for frame in sorted(wanted, key=_newest_first)
            if self._found(frame, keys) is None
        }
        self._begin(unknown)
        found = self._finished()
        done = [unknown.pop(key) for key in found if key in unknown]
        self._begin(unknown)  # so that the next are searched while these are filed
        shows_something = any(found.values())
        self._unfiled += len(done) or int(fresh and not self._is_as_analysed())
        is_idle = not done and not fresh and (self._unfiled > 0 or not self._is_filed)
        is_time = shows_something or is_idle or self._unfiled >= EMPTY_AT_ONCE
        is_any = any(self._found(frame, keys) is not None for frame in wanted)
        result = self._file(frames, keys, now) if is_time and is_any else None
        names = tuple(frame.photo_id for frame in done)
        is_landing = len(self._stamps) > len(self._read)
        return Look(len(frames), names, len(unknown), result, is_landing)

    def _take_in(self) -> bool:
        """Read the photos that have not changed since the look before; whether others are known."""
        known = set(self._read)
        ready: list[Path] = []
        stamps: dict[Path, Stamp] = {}
        for path in self._listed():
            stamp = _stamp(path)
            if stamp is None:
                continue
            stamps[path] = stamp
            if self._stamps.get(path) != stamp:
                self._read.pop(path, None)  # new, or written over: still being written, maybe
            elif path not in self._read:
                ready.append(path)
        self._stamps = stamps
        self._read = {path: photo for path, photo in self._read.items() if path in stamps}
        folder = self._inputs.photos
        with ThreadPoolExecutor(self._settings.detecting.workers) as pool:
            read = pool.map(lambda path: read_photo("", path, folder), ready)
            self._read |= dict(zip(ready, read, strict=True))
        return bool(ready) or set(self._read) != known

    def _listed(self) -> Sequence[Path]:
        try:
            return list_photos(self._inputs.photos)
        except PhotoError:
            return ()  # the folder comes with the first photo

    def _described(self) -> tuple[Frame, ...]:
        """Describe the photos that were read, as `ingest` would without an adjustment."""
        paths = [path for path in self._stamps if path in self._read]
        ids = photo_ids([path.relative_to(self._inputs.photos) for path in paths])
        photos = [
            replace(self._read[path], photo_id=name) for path, name in zip(paths, ids, strict=True)
        ]
        frames = frames_of(
            photos,
            terrain=self._around.terrain,
            clock=ClockRules(self._settings.locating.most_clock_offset_s),
            utc_offset_hours=self._around.rulebook.utc_offset_hours,
        )
        accepted = with_accepted(frames, self._settings.detecting.accept)
        described = with_scale_remarks(accepted, self._detector.package.scale)
        analysed = self._before.analysed
        return tuple(analysed.get(mark_of(frame), frame) for frame in described)

    def _begin(self, unknown: Mapping[str, Frame]) -> None:
        """Let the first of the unknown photos be searched, as many as are searched at once."""
        for key, frame in unknown.items():
            if len(self._in_hand) >= AT_ONCE:
                return
            if key not in self._in_hand:
                search = self._pool.submit(
                    detect_frame, frame, self._inputs.photos, self._detector, PolygonRules()
                )
                path = self._inputs.photos / frame.path
                self._in_hand[key] = _Search(frame, path, self._stamps.get(path), search)

    def _finished(self) -> dict[str, list[Detection]]:
        """Wait for the next search to end; what those found that have, by key.

        A photo that was written over or taken away meanwhile is left for the next look.
        """
        if not self._in_hand:
            return {}
        wait([search.found for search in self._in_hand.values()], return_when=FIRST_COMPLETED)
        found: dict[str, list[Detection]] = {}
        for key in [key for key, search in self._in_hand.items() if search.found.done()]:
            search = self._in_hand.pop(key)
            try:
                found[key] = search.found.result()
            except PhotoError:
                if _stamp(search.path) == search.stamp:
                    raise
                continue
            self._ledger.put(key, found[key])
            following.searched(search.frame, found[key])
        return found

    def _file(self, frames: Sequence[Frame], keys: dict[str, str], now: datetime) -> FilingResult:
        """Write the products of every stage for the photos that were searched, and file."""
        workspace = self._workspace
        searched = [frame for frame in frames if self._is_searched(frame, keys)]
        found: list[Detection] = []
        for frame in searched:
            found += self._found(frame, keys) or () if frame.photo_id in keys else ()
        write_frames(workspace.frames, searched)
        write_remarks(workspace, searched)
        why_not = self._why_not_adjusted(searched)
        write_adjustment(workspace, Adjustment(tuple(searched), why_not=why_not))
        by = dict.fromkeys(keys, self._detector.runs_as)
        write_coco(workspace.detections, searched, found, self._detector.package, searched_by=by)
        located = write_located(workspace, self._located(searched, found))
        following.objects(searched, located.observations)
        seen = Seen(searched, located.observations, self._footprints())
        filed = file_seen(workspace, self._settings, seen, self._around, now=now)
        self._is_filed, self._unfiled = True, 0
        return filed.result

    def _why_not_adjusted(self, frames: Sequence[Frame]) -> str:
        """Say why, and tell of photos that came after the analysis, once."""
        if not self._before.by_analysis:
            return STILL_FLYING
        late = {mark_of(frame) for frame in frames} - self._before.analysed.keys() - self._told
        if late:
            self._told |= late
            self._note(
                f"{len(late)} photos have landed since the analysis, and stand where they say they "
                "were taken; run `aerogrid analyze` again to adjust them to the others"
            )
        return LANDED_LATE

    def _footprints(self) -> Sequence[Polygon]:
        """Ground on which what is not seen is gone: of a flight that has been analysed."""
        analysed = tuple(self._before.analysed.values())
        scale = self._detector.package.scale
        return covered(analysed, self._inputs, self._around.terrain, scale) if analysed else ()

    def _located(self, frames: Sequence[Frame], found: Sequence[Detection]) -> Located:
        """Put on the ground what photos show; what was known before is not joined again."""
        if not any(frame.is_located for frame in frames):
            return Located((), tuple((item.photo_id, "the photo has no pose") for item in found))
        by_photo: dict[str, list[Detection]] = {}
        for item in found:
            by_photo.setdefault(item.photo_id, []).append(item)
        growing = self._growing_on(frames)
        observations = growing.take(frames, by_photo)
        failed = [(entry.detection.photo_id, entry.reason) for entry in growing.failures]
        return Located(observations, tuple(failed))

    def _growing_on(self, frames: Sequence[Frame]) -> Growing:
        """What has grown so far; anew where photos say otherwise how high the ground is."""
        terrain, local = ground_of(frames, self._inputs, self._around.terrain)
        if self._growing is None or self._growing.terrain != terrain:
            locating, dem = self._settings.locating, self._inputs.dem
            ground = Ground(
                terrain,
                local,
                self._around.grid,
                self._detector.package.scale,
                terrain_sigma_m=locating.terrain_sigma_m,
                terrain_has_roofs=locating.terrain_has_roofs,
                terrain_name="the terrain" if dem is None else dem.name,
            )
            self._growing = Growing(ground)
        return self._growing

    def _is_searched(self, frame: Frame, keys: dict[str, str]) -> bool:
        """Whether a photo has been searched, or never will be."""
        return frame.photo_id not in keys or self._found(frame, keys) is not None

    def _found(self, frame: Frame, keys: Mapping[str, str]) -> Sequence[Detection] | None:
        """What was found in a photo, now or before; None where nobody has looked."""
        before = self._before.found.get(mark_of(frame))
        return self._ledger.get(keys[frame.photo_id]) if before is None else before

    def _is_as_analysed(self) -> bool:
        """Whether the photos are those of the analysis before, which has filed them better."""
        marks = {mark_of(frame) for frame in self._frames}
        return self._before.by_analysis and marks == set(self._before.found)


def _newest_first(frame: Frame) -> float:
    return -frame.taken_at.timestamp() if frame.taken_at else 0.0


def _stamp(path: Path) -> Stamp | None:
    """Size and time of a file; None where it has just gone."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
