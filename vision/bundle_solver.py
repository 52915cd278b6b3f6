"""Solve the normal equations of a bundle: which step makes everything fit better."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import bsr_array, csr_array

from geo.frames import Array
from vision.bundle import (
    LENS,
    Block,
    Indices,
    Observed,
    Prior,
    cost_of,
    huber_weights,
    in_camera,
    prior_residuals,
    project,
    residuals_px,
    rotations,
    skew,
)

_LEAST_GAIN = 1e-6  # of the cost, below which the fit is done


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """The outcome of an adjustment.

    Attributes:
        residuals_px: (N, 2) of the observations.
        covariance: (6 M, 6 M) of positions in metres and turns in radians, photo by photo.
    """

    block: Block
    residuals_px: Array
    covariance: Array
    cost: float


def fit_bundle(block: Block, observed: Observed, prior: Prior, *, most_steps: int = 25) -> Fit:
    """Minimise all residuals in units of their sigmas (Levenberg-Marquardt, robust weights)."""
    damping, cost = 1e-8, cost_of(block, observed, prior)
    system = _System.of(block, observed, prior)
    for _ in range(most_steps):
        trial = system.moved(damping)
        trial_cost = cost_of(trial, observed, prior)
        if not trial_cost < cost:
            damping *= 10
            if damping > 1e4:
                break
            continue
        gained, cost, block = cost - trial_cost, trial_cost, trial
        damping = max(damping / 10, 1e-10)
        system = _System.of(block, observed, prior)
        if gained < _LEAST_GAIN * cost:
            break
    return Fit(block, residuals_px(block, observed), system.pose_covariance(), cost)


@dataclass(frozen=True, eq=False, slots=True)
class _System:
    """Normal equations; ground points are eliminated first (Triggs et al. 2000, section 6.1).

    Attributes:
        cameras: (C, C) of poses, lenses and shifts.
        mixed: (C, 3 P), sparse.
        points: (P, 3, 3).
        camera_slope, point_slope: right-hand sides (C,) and (P, 3).
    """

    block: Block
    cameras: Array
    mixed: csr_array
    points: Array
    camera_slope: Array
    point_slope: Array

    @classmethod
    def of(cls, block: Block, observed: Observed, prior: Prior) -> "_System":
        """Linearise at a state."""
        by_camera, by_point, residuals = _linearised(block, observed)
        count = len(block.points_m)
        points = _summed(observed.point, np.einsum("nik,nil->nkl", by_point, by_point), count)
        slope = _summed(observed.point, np.einsum("nik,ni->nk", by_point, residuals), count)
        rows = by_camera.T.tocsr()
        cameras = np.asarray((rows @ by_camera).todense())
        system = cls(
            block=block,
            cameras=cameras,
            mixed=csr_array(rows @ _point_columns(observed, by_point, count)),
            points=points,
            camera_slope=np.asarray(rows @ residuals.ravel()),
            point_slope=slope,
        )
        system._add_prior(observed, prior)
        return system

    def _add_prior(self, observed: Observed, prior: Prior) -> None:
        """Add what was known before to the sums, in place."""
        known = prior_residuals(self.block, observed, prior)
        photos, lenses = len(self.block.positions_m), len(self.block.lens)
        place = huber_weights(np.linalg.norm(known.position, axis=1))[:, None]
        turn = huber_weights(np.linalg.norm(known.turn, axis=1))[:, None]
        at_pose = 6 * np.arange(photos)[:, None] + np.arange(3)
        at_lens = 6 * photos + np.arange(lenses * LENS).reshape(lenses, LENS)
        at_shift = at_lens.max(initial=6 * photos - 1) + 1 + np.arange(known.shift.size)
        at_shift = at_shift.reshape(-1, 3)
        weight = place / prior.relative_sigma_m**2
        pull = place * known.position / prior.relative_sigma_m
        self._pull(at_pose, weight, pull)
        self._pull(
            at_pose + 3, turn / prior.turn_sigma_rad**2, turn * known.turn / prior.turn_sigma_rad
        )
        self._pull(at_lens, 1 / prior.lens_sigma**2, known.lens / prior.lens_sigma)
        self._pull(at_shift, 1 / prior.shared_sigma_m**2, known.shift / prior.shared_sigma_m)
        own_shift = at_shift[prior.flight]
        self._pull(own_shift, weight, -pull)
        np.add.at(self.cameras, (at_pose, own_shift), -weight)
        np.add.at(self.cameras, (own_shift, at_pose), -weight)
        finite = np.isfinite(observed.ground_sigma_m)
        inverse = np.where(finite, 1 / np.where(finite, observed.ground_sigma_m, 1.0), 0.0)
        ground = huber_weights(np.abs(known.ground))
        self.points[:, range(3), range(3)] += ground * inverse**2
        self.point_slope[:] -= ground * known.ground * inverse

    def _pull(self, at: Indices, weight: Array, pull: Array) -> None:
        np.add.at(self.cameras, (at, at), np.broadcast_to(weight, at.shape))
        np.subtract.at(self.camera_slope, at, pull)

    def _eliminated(self, damping: float) -> tuple[Array, Array, bsr_array]:
        """Camera equations (C, C) and right-hand side without the points, and inverse points."""
        points = self.points.copy()
        diagonal = np.einsum("pii->pi", points)
        diagonal += damping * diagonal + 1e-9
        count = len(points)
        inverse = bsr_array(
            (np.linalg.inv(points), np.arange(count), np.arange(count + 1)),
            shape=(3 * count, 3 * count),
        )
        through = csr_array(self.mixed @ inverse)
        reduced = self.cameras - np.asarray((through @ self.mixed.T).todense())
        reduced[np.diag_indices_from(reduced)] += damping * np.diag(self.cameras)
        slope = self.camera_slope - through @ self.point_slope.ravel()
        return reduced, slope, inverse

    def moved(self, damping: float) -> Block:
        """State after one step."""
        reduced, slope, inverse = self._eliminated(damping)
        scale = 1 / np.sqrt(np.diag(reduced))
        factor = cho_factor(scale[:, None] * reduced * scale, check_finite=False)
        cameras = scale * cho_solve(factor, scale * slope, check_finite=False)
        points = inverse @ (self.point_slope.ravel() - self.mixed.T @ cameras)
        block, photos = self.block, len(self.block.positions_m)
        poses = cameras[: 6 * photos].reshape(-1, 6)
        rest = cameras[6 * photos :]
        return Block(
            positions_m=block.positions_m + poses[:, :3],
            R=block.R @ rotations(poses[:, 3:]),
            points_m=block.points_m + points.reshape(-1, 3),
            lens=block.lens + rest[: block.lens.size].reshape(-1, LENS),
            shifts_m=block.shifts_m + rest[block.lens.size :].reshape(-1, 3),
        )

    def pose_covariance(self) -> Array:
        """Covariance (6 M, 6 M) of the poses at this state."""
        reduced, _, _ = self._eliminated(0.0)
        scale = 1 / np.sqrt(np.diag(reduced))
        factor = cho_factor(scale[:, None] * reduced * scale, check_finite=False)
        inverse = cho_solve(factor, np.eye(len(reduced)), check_finite=False)
        poses = 6 * len(self.block.positions_m)
        out: Array = (scale[:, None] * inverse * scale)[:poses, :poses]
        return out


def _linearised(block: Block, observed: Observed) -> tuple[csr_array, Array, Array]:
    """Weighted derivatives by the cameras (2 N, C) and points (N, 2, 3), residuals (N, 2)."""
    lens = observed.lens[observed.photo]
    seen = in_camera(block, observed)
    pixels, by_seen, by_lens = project(seen, block.lens[lens], observed.tangential[lens])
    residuals = (observed.pixels_px - pixels) / observed.sigma_px[:, None]
    weight = np.sqrt(huber_weights(np.linalg.norm(residuals, axis=1)))
    scale = (weight / observed.sigma_px)[:, None, None]
    by_point = scale * (by_seen @ block.R[observed.photo].transpose(0, 2, 1))
    by_turn = scale * (by_seen @ skew(seen))
    values = np.concatenate([-by_point, by_turn, scale * by_lens], axis=2)
    columns = np.concatenate(
        [
            6 * observed.photo[:, None] + np.arange(6),
            6 * len(block.positions_m) + LENS * lens[:, None] + np.arange(LENS),
        ],
        axis=1,
    )
    width = 6 * len(block.positions_m) + block.lens.size + block.shifts_m.size
    rows = 2 * len(seen)
    by_camera = csr_array(
        (
            values.ravel(),
            np.repeat(columns, 2, axis=0).ravel(),
            np.arange(0, rows * values.shape[2] + 1, values.shape[2]),
        ),
        shape=(rows, width),
    )
    return by_camera, by_point, weight[:, None] * residuals


def _point_columns(observed: Observed, by_point: Array, count: int) -> csr_array:
    columns = 3 * observed.point[:, None] + np.arange(3)
    rows = 2 * len(by_point)
    return csr_array(
        (by_point.ravel(), np.repeat(columns, 2, axis=0).ravel(), np.arange(0, 3 * rows + 1, 3)),
        shape=(rows, 3 * count),
    )


def _summed(number: Indices, values: Array, count: int) -> Array:
    """Sum values (N, ...) by number."""
    flat = values.reshape(len(values), -1)
    sums = np.zeros((count, flat.shape[1]))
    for k in range(flat.shape[1]):
        sums[:, k] = np.bincount(number, flat[:, k], minlength=count)
    return sums.reshape(count, *values.shape[1:])
