"""The poses, ground points and lens that fit all tie points and all that was known before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.frames import Array

Indices = NDArray[np.intp]

LENS = 5  # log focal length, centre x, centre y, k1, k2
HUBER = 2.0  # sigmas at which an observation loses weight


@dataclass(frozen=True, eq=False, slots=True)
class Prior:
    """What was known before the photos were matched; every row one sigma.

    Attributes:
        positions_m: (M, 3) measured, local frame.
        relative_sigma_m: (M, 3) of one position within its flight.
        flight: (M,) number of the flight.
        shared_sigma_m: (F, 3) of what all positions of one flight have in common.
        R: (M, 3, 3) measured, local from camera.
        turn_sigma_rad: (M, 3) of a rotation vector in the camera's axes.
        lens: (K, LENS).
        lens_sigma: (K, LENS).
    """

    positions_m: Array
    relative_sigma_m: Array
    flight: Indices
    shared_sigma_m: Array
    R: Array
    turn_sigma_rad: Array
    lens: Array
    lens_sigma: Array


@dataclass(frozen=True, eq=False, slots=True)
class Observed:
    """What the photos show.

    Attributes:
        photo: (N,) number of the photo.
        point: (N,) number of the ground point.
        pixels_px: (N, 2) x, y.
        sigma_px: (N,).
        lens: (M,) number of the lens of each photo.
        tangential: (K, 3) p1, p2, k3, which are not adjusted.
        ground_sigma_m: (P, 3) of the ground points' prior; infinite where there is none.
        ground_m: (P, 3) prior of the ground points; only read where the sigma is finite.
    """

    photo: Indices
    point: Indices
    pixels_px: Array
    sigma_px: Array
    lens: Indices
    tangential: Array
    ground_sigma_m: Array
    ground_m: Array


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """The state of an adjustment.

    Attributes:
        positions_m: (M, 3).
        R: (M, 3, 3) local from camera.
        points_m: (P, 3).
        lens: (K, LENS).
        shifts_m: (F, 3) common to the measured positions of each flight.
    """

    positions_m: Array
    R: Array
    points_m: Array
    lens: Array
    shifts_m: Array


@dataclass(frozen=True, eq=False, slots=True)
class PriorResiduals:
    """How far a state is from what was known before, in sigmas.

    Attributes:
        position: (M, 3).
        turn: (M, 3).
        shift: (F, 3).
        lens: (K, LENS).
        ground: (P, 3); 0 where nothing was known.
    """

    position: Array
    turn: Array
    shift: Array
    lens: Array
    ground: Array


def skew(vectors: Array) -> Array:
    """Matrices (N, 3, 3) of the cross product with vectors (N, 3)."""
    out = np.zeros((len(vectors), 3, 3))
    x, y, z = vectors.T
    out[:, 0, 1], out[:, 0, 2], out[:, 1, 2] = -z, y, -x
    out[:, 1, 0], out[:, 2, 0], out[:, 2, 1] = z, -y, x
    return out


def rotations(vectors: Array) -> Array:
    """Rotation matrices (N, 3, 3) of rotation vectors (N, 3) in radians (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=1)[:, None, None]
    safe = np.where(angle < 1e-12, 1.0, angle)
    cross = skew(vectors)
    first = np.where(angle < 1e-12, 1.0, np.sin(safe) / safe)
    second = np.where(angle < 1e-12, 0.5, (1 - np.cos(safe)) / safe**2)
    out: Array = np.eye(3) + first * cross + second * (cross @ cross)
    return out


def rotation_vectors(R: Array) -> Array:
    """Rotation vectors (N, 3) in radians of rotations (N, 3, 3) below half a turn."""
    axis = np.stack(
        [R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1]], axis=1
    )
    sine = np.linalg.norm(axis, axis=1) / 2
    angle = np.arctan2(sine, (np.trace(R, axis1=1, axis2=2) - 1) / 2)
    out: Array = axis * np.where(sine < 1e-12, 0.5, angle / (2 * np.maximum(sine, 1e-12)))[:, None]
    return out


def project(in_camera: Array, lens: Array, tangential: Array) -> tuple[Array, Array, Array]:
    """Pixels of points in camera axes, with derivatives by the point and by the lens.

    OpenCV's model, see docs/conventions.md.

    Args:
        in_camera: (N, 3).
        lens: (N, LENS).
        tangential: (N, 3) p1, p2, k3.

    Returns:
        (N, 2) pixels, (N, 2, 3) by the point, (N, 2, LENS) by the lens.
    """
    x, y = in_camera[:, 0] / in_camera[:, 2], in_camera[:, 1] / in_camera[:, 2]
    focal, k1, k2 = np.exp(lens[:, 0]), lens[:, 3], lens[:, 4]
    p1, p2, k3 = tangential.T
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = 2 * (k1 + r2 * (2 * k2 + 3 * r2 * k3))
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    by_x = np.stack([radial + slope * x * x + 2 * p1 * y + 6 * p2 * x,
                     slope * x * y + 2 * p1 * x + 2 * p2 * y], axis=1)  # fmt: skip
    by_y = np.stack([slope * x * y + 2 * p1 * x + 2 * p2 * y,
                     radial + slope * y * y + 6 * p1 * y + 2 * p2 * x], axis=1)  # fmt: skip
    scale = (focal / in_camera[:, 2])[:, None]
    by_point = np.stack(
        [scale * by_x, scale * by_y, -scale * (x[:, None] * by_x + y[:, None] * by_y)], axis=2
    )
    by_lens = np.zeros((len(x), 2, LENS))
    by_lens[:, 0, 0], by_lens[:, 1, 0] = focal * u, focal * v
    by_lens[:, 0, 1] = by_lens[:, 1, 2] = 1.0
    for column, power in ((3, r2), (4, r2 * r2)):
        by_lens[:, 0, column], by_lens[:, 1, column] = focal * x * power, focal * y * power
    pixels = np.stack([focal * u + lens[:, 1], focal * v + lens[:, 2]], axis=1)
    return pixels, by_point, by_lens


def in_camera(block: Block, observed: Observed) -> Array:
    """Observed ground points (N, 3) in the axes of the cameras that see them."""
    offset = block.points_m[observed.point] - block.positions_m[observed.photo]
    out: Array = np.einsum("nji,nj->ni", block.R[observed.photo], offset)
    out[:, 2] = np.maximum(out[:, 2], 1e-3)  # points never pass behind a camera
    return out


def residuals_px(block: Block, observed: Observed) -> Array:
    """Observed less computed pixels, (N, 2)."""
    lens = observed.lens[observed.photo]
    pixels, _, _ = project(in_camera(block, observed), block.lens[lens], observed.tangential[lens])
    out: Array = observed.pixels_px - pixels
    return out


def prior_residuals(block: Block, observed: Observed, prior: Prior) -> PriorResiduals:
    """Compare a state with what was known before."""
    measured = prior.positions_m + block.shifts_m[prior.flight]
    turns = rotation_vectors(np.einsum("nji,njk->nik", prior.R, block.R))
    known = np.isfinite(observed.ground_sigma_m)
    ground = np.where(known, block.points_m - observed.ground_m, 0.0)
    return PriorResiduals(
        position=(block.positions_m - measured) / prior.relative_sigma_m,
        turn=turns / prior.turn_sigma_rad,
        shift=block.shifts_m / prior.shared_sigma_m,
        lens=(block.lens - prior.lens) / prior.lens_sigma,
        ground=ground / np.where(known, observed.ground_sigma_m, 1.0),
    )


def huber_weights(sizes: Array) -> Array:
    """Weights (N,) of residuals of these sizes in sigmas."""
    out: Array = np.minimum(1.0, HUBER / np.maximum(sizes, 1e-12))
    return out


def _huber_cost(sizes: Array) -> float:
    inner = np.minimum(sizes, HUBER)
    return float(np.sum(0.5 * inner**2 + HUBER * (sizes - inner)))


def cost_of(block: Block, observed: Observed, prior: Prior) -> float:
    """Half the robust sum of squares of everything."""
    pixels = np.linalg.norm(residuals_px(block, observed), axis=1) / observed.sigma_px
    known = prior_residuals(block, observed, prior)
    return (
        _huber_cost(pixels)
        + _huber_cost(np.linalg.norm(known.position, axis=1))
        + _huber_cost(np.linalg.norm(known.turn, axis=1))
        + _huber_cost(np.abs(known.ground).ravel())
        + 0.5 * float(np.sum(known.shift**2) + np.sum(known.lens**2))
    )
