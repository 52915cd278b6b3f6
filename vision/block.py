"""Photos as one block: its start from measured poses, its fit in stages, its poses afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.camera import Camera
from geo.frames import Array, LocalFrame
from geo.projection import R_local_from_camera, position_m
from geo.terrain import Terrain, ground_from_rays
from vision.bundle import Block, Observed, Prior, residuals_px, rotation_vectors
from vision.bundle_solver import Fit, fit_bundle
from vision.model import Frame
from vision.tie_points import Tracks

_TIE_SIGMA = 0.3 / 1600  # of the picture's width; SIFT at 1600 pixels finds a point to 0.3
_MARK_SIGMA_PX = 1.5  # a control point marked by hand
_CENTRE_SIGMA_SHARE = 0.0025  # of the picture's width
_RADIAL_SIGMA = 0.02
_KNOWN = 1e-6
# Stages: factor on the sigma of tie points; sigma of each ground point's height, None takes the
# terrain's own; whether the lens is free. Far-off poses need a wide catch first.
_STAGES = ((40.0, 2.0, False), (7.0, 2.0, True), (1.0, None, True), (1.0, None, True))


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """Ground points whose place is known, marked in photos (control points).

    Attributes:
        photo: (N,) number of the photo.
        point: (N,) number of the known point.
        pixels_px: (N, 2) in the picture as taken.
        places_m: (Q, 3) local frame.
        sigma_m: (Q, 3).
    """

    photo: NDArray[np.intp]
    point: NDArray[np.intp]
    pixels_px: Array
    places_m: Array
    sigma_m: Array


NOTHING_KNOWN = Known(
    np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros((0, 3)), np.zeros((0, 3))
)


@dataclass(frozen=True, eq=False, slots=True)
class Start:
    """A block before its fit.

    Attributes:
        cameras: of each photo as taken.
        lenses: distinct cameras; `lens` (M,) says which one each photo has.
        tracks: tie points, pixels in the pictures as taken.
        ground_sigma_m: of the mean height of ground that is alike, see `AdjustmentRules`.
    """

    cameras: tuple[Camera, ...]
    lenses: tuple[Camera, ...]
    lens: NDArray[np.intp]
    prior: Prior
    block: Block
    tracks: Tracks
    known: Known
    ground_sigma_m: float


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """A block after its fit; `kept` (N,) are the observations of its tracks that fit."""

    start: Start
    fit: Fit
    kept: NDArray[np.bool_]

    def camera(self, photo: int) -> Camera:
        """Adjusted camera of a photo as taken."""
        before = self.start.cameras[photo]
        log_focal, x, y, k1, k2 = (float(v) for v in self.fit.block.lens[self.start.lens[photo]])
        return replace(
            before,
            focal_px=float(np.exp(log_focal)),
            centre_x_px=x,
            centre_y_px=y,
            distortion=(k1, k2, *before.distortion[2:]),
            focal_sigma_share=0.0,  # its doubt is in the poses' covariances now
        )

    def moved_m(self) -> Array:
        """East, north, up (M, 3) in the local frame from measured to adjusted positions."""
        out: Array = self.fit.block.positions_m - self.start.prior.positions_m
        return out

    def turned_deg(self) -> Array:
        """Rotation vectors (M, 3) in camera axes from measured to adjusted attitudes."""
        turn = np.einsum("nji,njk->nik", self.start.prior.R, self.fit.block.R)
        out: Array = np.degrees(rotation_vectors(turn))
        return out

    def odd_sigmas(self) -> Array:
        """How many sigmas (M,) each position is off beyond what its flight shares."""
        moved = self.moved_m() - self.fit.block.shifts_m[self.start.prior.flight]
        sigmas = moved / self.start.prior.relative_sigma_m
        out: Array = np.abs(sigmas).max(axis=1)
        return out


def start_block(
    frames: Sequence[Frame],
    cameras: Sequence[Camera],
    tracks: Tracks,
    ground: Terrain,
    local: LocalFrame,
    *,
    flight: NDArray[np.intp],
    relative_m: float,
    terrain_sigma_m: float,
    terrain_reach_m: float,
    known: Known = NOTHING_KNOWN,
) -> Start:
    """Set a block up from measured poses; tie points start where their rays meet the ground."""
    poses = [frame.pose for frame in frames if frame.pose is not None]
    assert len(poses) == len(frames) == len(cameras)
    lenses = tuple(dict.fromkeys(cameras))
    lens = np.array([lenses.index(camera) for camera in cameras], dtype=np.intp)
    horizontal = np.array([pose.sigma.horizontal_m for pose in poses])
    vertical = np.array([pose.sigma.vertical_m for pose in poses])
    total = np.column_stack([horizontal, horizontal, vertical])
    relative = np.minimum(total, relative_m)
    shared = [np.median(total[flight == f], axis=0) for f in range(int(flight.max()) + 1)]
    axis, twist = ([getattr(p.sigma, name) for p in poses] for name in ("axis_deg", "twist_deg"))
    prior = Prior(
        positions_m=np.array([position_m(pose, local) for pose in poses]),
        relative_sigma_m=relative,
        flight=flight,
        shared_sigma_m=np.array(shared),
        R=np.array([R_local_from_camera(pose, local) for pose in poses]),
        turn_sigma_rad=np.radians(np.column_stack([axis, axis, twist])),
        lens=np.array([_lens(camera) for camera in lenses]),
        lens_sigma=np.array([_lens_sigma(camera) for camera in lenses]),
    )
    block = Block(
        prior.positions_m, prior.R, np.zeros((0, 3)), prior.lens, 0.0 * prior.shared_sigma_m
    )
    points = _first_points(tracks, block, cameras, ground, local)
    cells = len(np.unique((points[:, :2] // terrain_reach_m).astype(np.int64), axis=0))
    alike = max(1.0, len(points) / max(cells, 1))
    return Start(
        cameras=tuple(cameras),
        lenses=lenses,
        lens=lens,
        prior=prior,
        block=replace(block, points_m=np.vstack([points, known.places_m])),
        tracks=tracks,
        known=known,
        ground_sigma_m=terrain_sigma_m * float(np.sqrt(alike)),
    )


def _lens(camera: Camera) -> list[float]:
    k1, k2 = camera.distortion[:2]
    return [float(np.log(camera.focal_px)), camera.centre_x_px, camera.centre_y_px, k1, k2]


def _lens_sigma(camera: Camera) -> list[float]:
    """Doubt of the lens; a focal length without doubt means a lens that is known."""
    share = camera.focal_sigma_share
    wide = max(camera.width_px, camera.height_px)
    centre = min(share / 2, _CENTRE_SIGMA_SHARE) * wide + _KNOWN
    radial = min(4 * share, _RADIAL_SIGMA) + _KNOWN
    return [share + _KNOWN, centre, centre, radial, radial]


def sightings_m(
    tracks: Tracks, block: Block, cameras: Sequence[Camera], ground: Terrain, local: LocalFrame
) -> Array:
    """Where on the ground each observation lies by itself, (N, 3); NaN where it misses."""
    out = np.full((len(tracks.track), 3), np.nan)
    for k in np.unique(tracks.photo).tolist():
        mine = tracks.photo == k
        rays = cameras[k].rays_from_pixels(tracks.pixels_px[mine]) @ block.R[k].T
        out[mine] = ground_from_rays(ground, local, block.positions_m[k], rays)
    return out


def _first_points(
    tracks: Tracks, block: Block, cameras: Sequence[Camera], ground: Terrain, local: LocalFrame
) -> Array:
    """Mean of what the photos of each tie point say; the middle of all where none hits."""
    seen = sightings_m(tracks, block, cameras, ground, local)
    hit = np.isfinite(seen[:, 0])
    count = np.bincount(tracks.track, hit, minlength=tracks.count)
    sums = [np.bincount(tracks.track, np.nan_to_num(seen[:, k]), tracks.count) for k in range(3)]
    points = np.column_stack(sums) / np.maximum(count, 1)[:, None]
    points[count == 0] = np.median(points[count > 0], axis=0) if hit.any() else 0.0
    return points


def fit_block(start: Start, ground: Terrain, local: LocalFrame) -> Fitted:
    """Fit in stages from coarse to fine; observations that do not fit are left out."""
    block, kept = start.block, np.ones(len(start.tracks.track), bool)
    for factor, height_sigma_m, free in _STAGES:
        observed = _observed(start, block, kept, ground, local, factor, height_sigma_m)
        sigma = start.prior.lens_sigma if free else np.full_like(start.prior.lens_sigma, _KNOWN)
        fit = fit_bundle(block, observed, replace(start.prior, lens_sigma=sigma))
        block = fit.block
        kept = _fitting(start, block, ground, local)
    return Fitted(start, fit, kept)


def _fitting(start: Start, block: Block, ground: Terrain, local: LocalFrame) -> NDArray[np.bool_]:
    """Observations within five medians of their places whose tie point two photos still see."""
    everything = np.ones(len(start.tracks.track), bool)
    observed = _observed(start, block, everything, ground, local, 1.0, None)
    ties = len(start.tracks.track)
    error = np.linalg.norm(residuals_px(block, observed), axis=1)[:ties] / observed.sigma_px[:ties]
    near = error <= max(5 * float(np.median(error)), 3.0)
    seen = np.bincount(start.tracks.track[near], minlength=start.tracks.count)
    out: NDArray[np.bool_] = near & (seen[start.tracks.track] >= 2)
    return out


def _observed(
    start: Start,
    block: Block,
    kept: NDArray[np.bool_],
    ground: Terrain,
    local: LocalFrame,
    factor: float,
    height_sigma_m: float | None,
) -> Observed:
    """What the photos show and what the terrain and control points say of the ground."""
    tracks, known, ties = start.tracks, start.known, start.tracks.count
    below = ground.altitudes_amsl_m(local.lonlat_from_xy(block.points_m[:ties, :2]))
    places, sigma = block.points_m.copy(), np.full_like(block.points_m, np.inf)
    places[:ties, 2] = np.nan_to_num(below)
    sigma[:ties, 2] = np.where(np.isfinite(below), height_sigma_m or start.ground_sigma_m, np.inf)
    places[ties:], sigma[ties:] = known.places_m, known.sigma_m
    unseen = np.bincount(tracks.track[kept], minlength=ties) < 2
    sigma[:ties][unseen], places[:ties][unseen] = 1.0, block.points_m[:ties][unseen]
    wide = np.array([max(camera.width_px, camera.height_px) for camera in start.cameras])
    photo = np.concatenate([tracks.photo[kept], known.photo])
    tie_sigma = factor * _TIE_SIGMA * wide[tracks.photo[kept]]
    return Observed(
        photo=photo,
        point=np.concatenate([tracks.track[kept], ties + known.point]),
        pixels_px=np.vstack([tracks.pixels_px[kept], known.pixels_px]),
        sigma_px=np.concatenate([tie_sigma, np.full(len(known.photo), factor * _MARK_SIGMA_PX)]),
        lens=start.lens,
        tangential=np.array([camera.distortion[2:] for camera in start.lenses]),
        ground_sigma_m=sigma,
        ground_m=places,
    )
