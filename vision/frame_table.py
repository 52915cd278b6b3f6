"""EDGE: frames as a Parquet table, one row per photo."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from geo.camera import Camera
from geo.files import replacing
from geo.placement import Placement
from geo.pose import Attitude, GeoPoint, Pose, PoseSigma
from vision.errors import VisionError
from vision.model import Frame

_POSE_COLUMNS = (
    "lon_deg", "lat_deg", "altitude_amsl_m", "yaw_deg", "pitch_deg", "roll_deg",
    "sigma_horizontal_m", "sigma_vertical_m", "sigma_axis_deg", "sigma_twist_deg",
)  # fmt: skip
_SCHEMA = pa.schema(
    [
        ("photo_id", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("width_px", pa.int32()),
        ("height_px", pa.int32()),
        ("taken_at", pa.timestamp("us", tz="UTC")),
        ("focal_px", pa.float64()),
        ("centre_x_px", pa.float64()),
        ("centre_y_px", pa.float64()),
        ("camera_width_px", pa.int32()),
        ("camera_height_px", pa.int32()),
        ("distortion", pa.list_(pa.float64())),
        ("focal_sigma_share", pa.float64()),
        *[(name, pa.float64()) for name in _POSE_COLUMNS],
        ("pose_source", pa.string()),
        ("pose_covariance", pa.list_(pa.float64())),
        ("map_transform", pa.list_(pa.float64())),
        ("map_crs", pa.string()),
        ("gsd_m", pa.float64()),
        ("reasons", pa.list_(pa.string())),
    ]
)


def write_frames(path: Path, frames: Sequence[Frame]) -> None:
    """Write frames in the order given; the same frames give the same bytes."""
    table = pa.Table.from_pylist([_row(frame) for frame in frames], schema=_SCHEMA)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_frame_table(path: Path) -> tuple[Frame, ...]:
    """Read what `write_frames` wrote."""
    with _refusing(path):
        rows = pq.ParquetFile(path).read().to_pylist()
        return tuple(_frame(row) for row in rows)


def read_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """Read some columns of what `write_frames` wrote, a row for each photo.

    Raises:
        VisionError: the file is not there, or is no frame table.
    """
    with _refusing(path):
        return pq.ParquetFile(path).read(columns=list(names)).select(list(names))


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Explain what reading a frame table fails with."""
    try:
        yield
    except FileNotFoundError as error:
        raise VisionError(f"{path}: no such file; run 'aerogrid ingest' first") from error
    except (OSError, pa.ArrowException, KeyError, TypeError) as error:
        raise VisionError(
            f"{path}: no frame table of aerogrid ({error}); run 'aerogrid ingest' again"
        ) from error


def _row(frame: Frame) -> dict[str, Any]:
    return {
        "photo_id": frame.photo_id,
        "path": frame.path,
        "sha256": frame.sha256,
        "width_px": frame.width_px,
        "height_px": frame.height_px,
        "taken_at": None if frame.taken_at is None else frame.taken_at.astimezone(UTC),
        "gsd_m": frame.gsd_m,
        "reasons": list(frame.reasons),
        **_camera_row(frame.camera),
        **_pose_row(frame.pose),
        **_placement_row(frame.placement),
    }


def _camera_row(camera: Camera | None) -> dict[str, Any]:
    if camera is None:
        return {}
    return {
        "focal_px": camera.focal_px,
        "centre_x_px": camera.centre_x_px,
        "centre_y_px": camera.centre_y_px,
        "camera_width_px": camera.width_px,
        "camera_height_px": camera.height_px,
        "distortion": list(camera.distortion),
        "focal_sigma_share": camera.focal_sigma_share,
    }


def _pose_row(pose: Pose | None) -> dict[str, Any]:
    if pose is None:
        return {}
    place, attitude, sigma = pose.position, pose.attitude, pose.sigma
    values = (
        place.lon_deg, place.lat_deg, place.altitude_amsl_m,
        attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg,
        sigma.horizontal_m, sigma.vertical_m, sigma.axis_deg, sigma.twist_deg,
    )  # fmt: skip
    return dict(zip(_POSE_COLUMNS, values, strict=True)) | {
        "pose_source": pose.source,
        "pose_covariance": list(pose.covariance),
    }


def _placement_row(placement: Placement | None) -> dict[str, Any]:
    if placement is None:
        return {}
    return {"map_transform": list(placement.transform), "map_crs": placement.crs}


def _frame(row: dict[str, Any]) -> Frame:
    return Frame(
        photo_id=row["photo_id"],
        path=row["path"],
        sha256=row["sha256"],
        width_px=row["width_px"],
        height_px=row["height_px"],
        taken_at=None if row["taken_at"] is None else row["taken_at"].astimezone(UTC),
        camera=_camera(row),
        pose=_pose(row),
        gsd_m=row["gsd_m"],
        reasons=tuple(row["reasons"]),
        placement=_placement(row),
    )


def _placement(row: dict[str, Any]) -> Placement | None:
    if row["map_transform"] is None:
        return None
    a, b, c, d, e, f = row["map_transform"]
    return Placement((a, b, c, d, e, f), row["map_crs"])


def _camera(row: dict[str, Any]) -> Camera | None:
    if row["focal_px"] is None:
        return None
    k1, k2, p1, p2, k3 = row["distortion"]
    return Camera(
        row["camera_width_px"],
        row["camera_height_px"],
        row["focal_px"],
        row["centre_x_px"],
        row["centre_y_px"],
        (k1, k2, p1, p2, k3),
        row["focal_sigma_share"],
    )


def _pose(row: dict[str, Any]) -> Pose | None:
    if row["lon_deg"] is None:
        return None
    values = [row[name] for name in _POSE_COLUMNS]
    return Pose(
        GeoPoint(*values[:3]),
        Attitude(*values[3:6]),
        PoseSigma(*values[6:]),
        row["pose_source"],
        tuple(row["pose_covariance"]),
    )
