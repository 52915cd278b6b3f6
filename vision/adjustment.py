"""Adjust poses so that overlapping photos agree: who moved by how much, and who does not fit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.pose import Pose, PoseSigma
from geo.projection import place_and_attitude
from geo.terrain import FlatTerrain, Terrain
from vision.block import (
    NOTHING_KNOWN,
    Fitted,
    Known,
    Start,
    fit_block,
    sightings_m,
    start_block,
)
from vision.bundle import Block, rotations
from vision.clock import clock_ahead_s
from vision.control_points import ControlPoint
from vision.frames import distrusted, flat_ground_amsl_m
from vision.intrinsics import turned_camera
from vision.matching import MatchedPhotos, match_photos
from vision.model import Frame
from vision.naming import PhotoNames
from vision.quality import Flaw, is_worth_looking
from vision.tie_points import (
    Picture,
    Tracks,
    held_out,
    thinned,
    tracks_of,
)
from vision.turned import (
    LEAST_PROOF,
    find_turns,
    is_edited,
    quarters_possible,
    taken_camera,
    taken_pixels,
    turned_frame,
)

_MOST_TIES = 400
_FEWEST_TIES = 12
_LEVEL_SIGMA_M = 5.0  # of ground taken as level
_ODD_SIGMAS = 5.0


@dataclass(frozen=True, slots=True)
class AdjustmentRules:
    """What is believed of the measured poses and of the terrain.

    Attributes:
        relative_m: standard deviation of a position within its flight; the rest of a pose's sigma
            is common to the flight. For RTK the pose's own sigma is smaller and counts.
        terrain_sigma_m: of the ground's height.
        terrain_reach_m: over which the ground's errors are alike.
        most_partners: photos that each photo is matched with.
    """

    relative_m: float = 0.3
    terrain_sigma_m: float = 1.0
    terrain_reach_m: float = 10.0
    most_partners: int = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """Distances on the ground between sightings of one point, points that were not fitted."""

    median_m: float
    p95_m: float
    points: int


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """What the adjustment did to one photo.

    Attributes:
        moved_m: east, north, up.
        turned_deg: about the camera's right, down and forward axes.
        remarks: what does not fit, for a person to look at.
    """

    photo_id: str
    ties: int
    quarters: int
    moved_m: tuple[float, float, float]
    turned_deg: tuple[float, float, float]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Frames after the adjustment and what it says of itself.

    Attributes:
        frames: all photos in their order; those without ties as they were.
        why_not: why nothing was changed; empty where it was.
        before, after: agreement of check points; None where there are none.
        clock_s: seconds by which positions are ahead of the pictures, None when it is not seen.
    """

    frames: tuple[Frame, ...]
    changes: tuple[PhotoChange, ...] = ()
    why_not: str = ""
    before: Agreement | None = None
    after: Agreement | None = None
    clock_s: float | None = None
    focal_change_share: float = 0.0
    control_points: int = 0


def adjust_frames(
    frames: Sequence[Frame],
    read: Callable[[Frame], Picture],
    terrain: Terrain | None = None,
    *,
    control: Sequence[ControlPoint] = (),
    rules: AdjustmentRules | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Adjustment:
    """Match overlapping photos and adjust their poses, or say why not.

    Args:
        frames: as `vision.frames.read_frames` returns them with `trust_edited`, so that pictures
            which a viewer has turned can prove it.
        read: picture of a photo, at `MATCHED_AT_PX` or larger.
        terrain: ground heights; without it level ground, which then counts for little.
        control: points whose place is known, marked in photos.
        rules: what is believed of the poses.
        workers: pictures read and matched at once.
        progress: called with the number of steps done and of all.

    Returns:
        New frames. Pictures of another program that no neighbour vouches for lose their pose.
    """
    rules = rules or AdjustmentRules()
    usable = [
        k
        for k, frame in enumerate(frames)
        if frame.is_located and frame.pose is not None and is_worth_looking(frame)
    ]
    level = flat_ground_amsl_m([frames[k] for k in usable])
    if len(usable) < 2 or (terrain is None and level is None):
        why = "fewer than two photos have a pose and a known height above the ground"
        return _refused(frames, why)
    ground = terrain or FlatTerrain(level or 0.0)
    chosen = tuple(frames[k] for k in usable)
    local = _local_frame(chosen)
    matched = match_photos(
        chosen,
        read,
        ground,
        local,
        most_partners=rules.most_partners,
        workers=workers,
        progress=progress,
    )
    if not matched.matches:
        return _refused(frames, "no two photos show the same ground")
    turns = find_turns(chosen, matched.matches, matched.features, ground, local)
    if terrain is None:
        rules = replace(rules, terrain_sigma_m=_LEVEL_SIGMA_M)
    return _Work(replace(matched, turns=turns), ground, local, rules).adjusted(
        frames, usable, control
    )


def _local_frame(frames: Sequence[Frame]) -> LocalFrame:
    places = [
        (f.pose.position.lon_deg, f.pose.position.lat_deg) for f in frames if f.pose is not None
    ]
    return LocalFrame.around(shapely.MultiPoint(places))


@dataclass(frozen=True, eq=False, slots=True)
class _Work:
    """Matched photos on their ground."""

    matched: MatchedPhotos
    ground: Terrain
    local: LocalFrame
    rules: AdjustmentRules

    def adjusted(
        self, frames: Sequence[Frame], usable: Sequence[int], control: Sequence[ControlPoint]
    ) -> Adjustment:
        """Fit the block, check it with points left out, and take it or leave it."""
        photos = self.matched.frames
        tracks, check = held_out(self._taken_tracks())
        tracks = thinned(tracks, _MOST_TIES)
        start = self._start(tracks, control)
        try:
            fitted = fit_block(start, self.ground, self.local)
        except np.linalg.LinAlgError:
            return _refused(frames, "no poses fit what the photos and the control points say")
        ties = np.bincount(tracks.photo[fitted.kept], minlength=len(photos))
        all_ties = np.bincount(tracks.photo, minlength=len(photos))
        strong = (ties >= _FEWEST_TIES) & (ties >= all_ties / 2)
        if strong.sum() < 2:
            return _refused(frames, f"no two photos share {_FEWEST_TIES} points that fit together")
        check = check.only(strong[check.photo])
        before = self._agreement(check, start, start.block, start.cameras)
        cameras = [fitted.camera(k) for k in range(len(photos))]
        after = self._agreement(check, start, fitted.fit.block, cameras)
        if before is None or after is None:
            return _refused(frames, "too few points were left to check the outcome with")
        if after.median_m >= before.median_m or after.p95_m >= before.p95_m:
            why = "points left out for checking did not agree better afterwards"
            return replace(_refused(frames, why), before=before, after=after)
        new = list(frames)
        for k in np.flatnonzero(strong).tolist():
            new[usable[k]] = self._new_frame(fitted, k, int(ties[k]))
        moved = fitted.fit.block.lens[:, 0] - start.prior.lens[:, 0]
        return Adjustment(
            frames=tuple(
                frame if proven else distrusted(frame)
                for frame, proven in zip(new, self._proven(frames, usable, strong), strict=True)
            ),
            changes=tuple(
                self._change(fitted, k, int(ties[k])) for k in np.flatnonzero(strong).tolist()
            ),
            before=before,
            after=after,
            clock_s=_clock_s(fitted, photos, strong),
            focal_change_share=float(np.expm1(moved[np.abs(moved).argmax()])),
            control_points=len(start.known.places_m),
        )

    def _quarters(self, k: int) -> int:
        turn = self.matched.turns.get(k)
        return quarters_possible(self.matched.frames[k])[0] if turn is None else turn.quarters

    def _taken_tracks(self) -> Tracks:
        """Tracks with pixels as in the pictures before anyone turned them."""
        tracks = tracks_of(self.matched.matches, self.matched.features)
        pixels = tracks.pixels_px.copy()
        for k in np.unique(tracks.photo).tolist():
            mine = tracks.photo == k
            pixels[mine] = taken_pixels(pixels[mine], self.matched.frames[k], self._quarters(k))
        return Tracks(tracks.track, tracks.photo, pixels)

    def _start(self, tracks: Tracks, control: Sequence[ControlPoint]) -> Start:
        photos = self.matched.frames
        folders = [PurePosixPath(frame.path).parent for frame in photos]
        flight = np.unique([str(folder) for folder in folders], return_inverse=True)[1]
        return start_block(
            photos,
            [taken_camera(frame) for frame in photos],
            tracks,
            self.ground,
            self.local,
            flight=flight.astype(np.intp),
            relative_m=self.rules.relative_m,
            terrain_sigma_m=self.rules.terrain_sigma_m,
            terrain_reach_m=self.rules.terrain_reach_m,
            known=self._known(control),
        )

    def _known(self, control: Sequence[ControlPoint]) -> Known:
        """Control points in photos that take part, in local metres and pixels as taken."""
        names = PhotoNames([frame.path for frame in self.matched.frames])
        meant = [(mark, names.meant(mark.photo)) for mark in control]
        marks = [mark for mark, numbers in meant if len(numbers) == 1]
        if not marks:
            return NOTHING_KNOWN
        points = list(dict.fromkeys(mark.name for mark in marks))
        first = {mark.name: mark for mark in reversed(marks)}
        places = [first[name] for name in points]
        xy = self.local.xy_from_lonlat(np.array([[p.lon_deg, p.lat_deg] for p in places]))
        photo = [numbers[0] for _, numbers in meant if len(numbers) == 1]
        pixels = [
            taken_pixels(np.array([[m.x_px, m.y_px]]), self.matched.frames[k], self._quarters(k))[0]
            for k, m in zip(photo, marks, strict=True)
        ]
        return Known(
            photo=np.array(photo, np.intp),
            point=np.array([points.index(mark.name) for mark in marks], np.intp),
            pixels_px=np.array(pixels),
            places_m=np.column_stack([xy, [p.altitude_m for p in places]]),
            sigma_m=np.repeat([[p.sigma_m] for p in places], 3, axis=1),
        )

    def _agreement(
        self, check: Tracks, start: Start, block: Block, cameras: Sequence[Camera]
    ) -> Agreement | None:
        """Compare where different photos see one point; None with fewer than five points."""
        seen = sightings_m(check, block, cameras, self.ground, self.local)
        gaps = [
            np.linalg.norm(seen[lag:, :2] - seen[:-lag, :2], axis=1)[
                check.track[lag:] == check.track[:-lag]
            ]
            for lag in range(1, int(np.bincount(check.track).max(initial=1)))
        ]
        apart = np.concatenate([np.zeros(0), *gaps])
        apart = apart[np.isfinite(apart)]
        if len(apart) < 5:
            return None
        return Agreement(float(np.median(apart)), float(np.percentile(apart, 95)), check.count)

    def _new_frame(self, fitted: Fitted, k: int, ties: int) -> Frame:
        """Photo with its adjusted camera and pose, turned as its file is."""
        frame, block = self.matched.frames[k], fitted.fit.block
        assert frame.pose is not None
        place, attitude = place_and_attitude(block.positions_m[k], block.R[k], self.local)
        source = f"adjusted by {ties} points shared with other photos; before: {frame.pose.source}"
        covariance = _covariance(fitted, k, self._quarters(k))
        pose = Pose(place, attitude, _sigma(covariance), source, tuple(covariance.ravel().tolist()))
        before = quarters_possible(frame)[0]
        taken = turned_camera(fitted.camera(k), before)  # turned_frame undoes this
        new = turned_frame(replace(frame, camera=taken, pose=pose), self._quarters(k))
        remarks = self._change(fitted, k, ties).remarks
        return replace(new, reasons=(*frame.reasons, *remarks))

    def _change(self, fitted: Fitted, k: int, ties: int) -> PhotoChange:
        frame, quarters = self.matched.frames[k], self._quarters(k)
        remarks = []
        if quarters:
            remarks.append(
                f"{Flaw.TURNED}: by {90 * quarters} degrees clockwise since it was taken; "
                "its neighbours show it, and it is used so"
            )
        odd = fitted.odd_sigmas()[k]
        if odd > _ODD_SIGMAS:
            moved = float(np.linalg.norm(fitted.moved_m()[k]))
            remarks.append(
                f"{Flaw.ODD_POSE}: its neighbours put it {moved:.1f} m from its measured place, "
                f"{odd:.0f} times the doubt; its time or position is wrong"
            )
        east, north, up = (float(v) for v in fitted.moved_m()[k])
        right, down, ahead = (float(v) for v in fitted.turned_deg()[k])
        return PhotoChange(
            frame.photo_id, ties, quarters, (east, north, up), (right, down, ahead), tuple(remarks)
        )

    def _proven(
        self, frames: Sequence[Frame], usable: Sequence[int], strong: NDArray[np.bool_]
    ) -> list[bool]:
        """Whether each photo may keep its pose: not edited, or its neighbours prove how it lies."""
        proven = [not is_edited(frame) for frame in frames]
        for k, turn in self.matched.turns.items():
            if strong[k] and turn.proof >= LEAST_PROOF:
                proven[usable[k]] = True
        return proven


def _covariance(fitted: Fitted, k: int, quarters: int) -> Array:
    """Covariance (6, 6) of an adjusted pose as `Pose.covariance_matrix` has it."""
    scale = np.concatenate([np.ones(3), np.full(3, np.degrees(1.0))])
    block = fitted.fit.covariance[6 * k : 6 * k + 6, 6 * k : 6 * k + 6]
    turn = np.eye(6)  # rotation vectors turn with the picture's axes
    turn[3:, 3:] = np.round(rotations(np.array([[0.0, 0.0, np.pi / 2 * quarters]]))[0])
    out: Array = turn @ (scale[:, None] * block * scale) @ turn.T
    return (out + out.T) / 2


def _sigma(covariance: Array) -> PoseSigma:
    variance = np.diag(covariance)
    return PoseSigma(
        horizontal_m=float(np.sqrt(variance[:2].mean())),
        vertical_m=float(np.sqrt(variance[2])),
        axis_deg=float(np.sqrt(variance[3:5].mean())),
        twist_deg=float(np.sqrt(variance[5])),
    )


def _clock_s(fitted: Fitted, frames: Sequence[Frame], strong: NDArray[np.bool_]) -> float | None:
    timed = [k for k in np.flatnonzero(strong).tolist() if frames[k].taken_at is not None]
    timed.sort(key=lambda k: str(frames[k].taken_at))
    seconds = [frames[k].taken_at.timestamp() for k in timed]  # type: ignore[union-attr]
    return clock_ahead_s(
        np.array(seconds),
        fitted.fit.block.positions_m[timed, :2],
        -fitted.moved_m()[timed, :2],
    )


def _refused(frames: Sequence[Frame], why: str) -> Adjustment:
    """Leave everything as it was; pictures of another program lose the pose nobody proves."""
    kept = tuple(distrusted(frame) if is_edited(frame) else frame for frame in frames)
    return Adjustment(kept, why_not=why)
