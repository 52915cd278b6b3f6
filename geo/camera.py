"""How a camera maps directions to pixels: pinhole with Brown-Conrady distortion."""

from dataclasses import dataclass

import cv2
import numpy as np

from geo.frames import Array


@dataclass(frozen=True, slots=True)
class Camera:
    """Interior orientation in pixels of the full picture.

    Attributes:
        distortion: k1, k2, p1, p2, k3 in OpenCV's order and sign.
        focal_sigma_share: standard deviation of the focal length as a share of it.
    """

    width_px: int
    height_px: int
    focal_px: float
    centre_x_px: float
    centre_y_px: float
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
    focal_sigma_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a camera that takes no picture."""
        if self.width_px < 1 or self.height_px < 1 or not self.focal_px > 0:
            raise ValueError(
                f"width_px and height_px must be at least 1 and focal_px above 0; got "
                f"{self.width_px} x {self.height_px}, {self.focal_px}"
            )

    @classmethod
    def centred(cls, width_px: int, height_px: int, focal_px: float) -> "Camera":
        """Make an undistorted camera with the principal point in the middle."""
        return cls(width_px, height_px, focal_px, (width_px - 1) / 2, (height_px - 1) / 2)

    @property
    def matrix(self) -> Array:
        """OpenCV's camera matrix K, (3, 3)."""
        return np.array(
            [
                [self.focal_px, 0.0, self.centre_x_px],
                [0.0, self.focal_px, self.centre_y_px],
                [0.0, 0.0, 1.0],
            ]
        )

    def rays_from_pixels(self, pixels_px: Array) -> Array:
        """Unit directions in the camera frame, (N, 3), of pixels (N, 2) as (x, y)."""
        points = np.asarray(pixels_px, dtype=np.float64).reshape(-1, 1, 2)
        if len(points) == 0:
            return np.zeros((0, 3))
        if any(self.distortion):
            criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 40, 1e-10)
            normal = cv2.undistortPoints(
                points, self.matrix, np.array(self.distortion), criteria=criteria
            ).reshape(-1, 2)
        else:
            centre = np.array([self.centre_x_px, self.centre_y_px])
            normal = (points.reshape(-1, 2) - centre) / self.focal_px
        rays = np.column_stack([normal, np.ones(len(normal))])
        unit: Array = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return unit

    def pixels_from_rays(self, rays: Array) -> Array:
        """Pixels (N, 2) as (x, y) of directions (N, 3); NaN where the direction is behind."""
        directions = np.asarray(rays, dtype=np.float64).reshape(-1, 3)
        if len(directions) == 0:
            return np.zeros((0, 2))
        ahead = directions[:, 2] > 0
        safe = np.where(ahead[:, None], directions, [0.0, 0.0, 1.0])
        pixels, _ = cv2.projectPoints(
            safe.reshape(-1, 1, 3), np.zeros(3), np.zeros(3), self.matrix, np.array(self.distortion)
        )
        out: Array = np.where(ahead[:, None], pixels.reshape(-1, 2), np.nan)
        return out

    def border_pixels(self, per_side: int = 8) -> Array:
        """Pixels around the outer edge of the picture, clockwise from the top left, (N, 2)."""
        along = np.linspace(0, 1, per_side, endpoint=False)
        left, top = -0.5, -0.5
        right, bottom = self.width_px - 0.5, self.height_px - 0.5
        x = [left + along * (right - left), np.full(per_side, right)]
        x += [right - along * (right - left), np.full(per_side, left)]
        y = [np.full(per_side, top), top + along * (bottom - top)]
        y += [np.full(per_side, bottom), bottom - along * (bottom - top)]
        return np.column_stack([np.concatenate(x), np.concatenate(y)])
