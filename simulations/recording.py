"""EDGE: write a district, its truth and its photos as real files that any program reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from geo.camera import Camera
from geo.files import replacing
from geo.formats import write_layers
from geo.pose import Pose
from geo.raster import write_geotiff
from simulations.layout import District
from simulations.planting import Planted
from simulations.sheet import Bytes

Row = Mapping[str, Any]

DISTRICT_FILES = ("cells.gpkg", "zones.gpkg", "dem.tif", "truth.gpkg")
"""All that `write_district` writes."""

DEM_STEP_M = 2.0
DEM_SIGMA_M, DEM_PATCH_M = 0.5, 20.0  # error of a DEM from the air, alike within a patch
METRES_PER_DEGREE = 111_320.0
NODATA = -9999.0
LOCAL_TIME = timezone(timedelta(hours=8))
SENSOR_WIDTH_MM = 17.3
FULL_FRAME_WIDTH_MM = 36.0
CAMERA_MODEL = "AEROGRID-SIM"


def write_district(folder: Path, district: District, planted: Sequence[Planted] = ()) -> None:
    """Write cells.gpkg, zones.gpkg, dem.tif and, of planted objects, truth.gpkg.

    >>> import tempfile
    >>> from simulations.town import make_district
    >>> with tempfile.TemporaryDirectory() as name:
    ...     write_district(Path(name), make_district(3))
    ...     sorted(path.name for path in Path(name).iterdir())
    ['cells.gpkg', 'dem.tif', 'zones.gpkg']
    """
    write_layers(folder / "cells.gpkg", {"cells": _cells(district)})
    write_layers(
        folder / "zones.gpkg",
        _zones(district),
        fields={layer: ["zone"] for layer in district.zones},
    )
    _write_dem(folder / "dem.tif", district)
    if planted:
        write_layers(folder / "truth.gpkg", _truth(district, planted))


def _cells(district: District) -> list[Row]:
    names = ("code", "name", "town", "village", "officer")
    return [
        {"geometry": cell.boundary, **{name: str(getattr(cell, name)) for name in names}}
        for cell in district.grid_cells
    ]


def _zones(district: District) -> dict[str, list[Row]]:
    return {
        layer: [{"geometry": district.frame.to_lonlat(part), "zone": layer} for part in zone.geoms]
        for layer, zone in district.zones.items()
    }


def _truth(district: District, planted: Sequence[Planted]) -> dict[str, list[Row]]:
    """Outlines of what was planted and, where something smokes, of its plumes."""
    objects: list[Row] = [
        {
            "geometry": district.frame.to_lonlat(item.polygon),
            "code": item.code,
            "kind": item.kind.value,
            "class_name": item.class_name,
            "violation": item.violation,
            "cell_code": item.cell_code,
        }
        for item in planted
    ]
    plumes: list[Row] = [
        {
            "geometry": district.frame.to_lonlat(item.plume.outline()),
            "code": item.code,
            "kind": item.plume.kind.value,
        }
        for item in planted
        if item.plume is not None
    ]
    return {"planted": objects, "plumes": plumes} if plumes else {"planted": objects}


def _write_dem(path: Path, district: District) -> None:
    """Write the bare ground as GeoTIFF, lon/lat pixels of about 2 m, metres above sea level."""
    relief = district.relief
    half = -relief.west_m - 60
    corners = np.array([[-half, -half], [-half, half], [half, -half], [half, half]])
    lonlat = district.frame.lonlat_from_xy(corners)
    west, south = lonlat.min(axis=0)
    east, north = lonlat.max(axis=0)
    step_lat = DEM_STEP_M / METRES_PER_DEGREE
    step_lon = step_lat / float(np.cos(np.radians(district.frame.centre_lat_deg)))
    columns, rows = int((east - west) / step_lon), int((north - south) / step_lat)
    lon, lat = np.meshgrid(
        west + (np.arange(columns) + 0.5) * step_lon, north - (np.arange(rows) + 0.5) * step_lat
    )
    xy = district.frame.xy_from_lonlat(np.column_stack([lon.ravel(), lat.ravel()]))
    heights = relief.height_at(xy[:, 0], xy[:, 1]).reshape(rows, columns)
    heights += _dem_error_m(rows, columns, district.seed)
    transform = Affine(step_lon, 0.0, west, 0.0, -step_lat, north)
    write_geotiff(
        path, heights.astype(np.float32)[None], transform, "EPSG:4326", nodata=NODATA, predictor=3
    )


def _dem_error_m(rows: int, columns: int, seed: int) -> NDArray[np.float64]:
    """Error (rows, columns) of a DEM's heights: no survey knows the ground as the world is made."""
    white = np.random.default_rng([seed, 11]).standard_normal((rows, columns))
    smooth = gaussian_filter(white, DEM_PATCH_M / DEM_STEP_M, mode="wrap")
    error: NDArray[np.float64] = DEM_SIGMA_M * smooth / smooth.std()
    return error


def write_photo(
    path: Path, rgb: Bytes, measured: Pose, camera: Camera, taken_at: datetime, *,
    height_home_m: float, flight_yaw_deg: float | None = None, quality: int = 90,
) -> None:  # fmt: skip
    """Write a JPEG as a DJI drone does: EXIF, and a measured pose in XMP tags.

    `rgb` is (rows, columns, 3) uint8 of the camera's size, `taken_at` the time of the exposure by
    the camera's clock with a time zone, `height_home_m` the measured height above the take-off
    point, `flight_yaw_deg` the heading of the vehicle, the gimbal's yaw if not given. The same
    arguments always write the same bytes.
    """
    if rgb.shape != (camera.height_px, camera.width_px, 3):
        raise ValueError(f"rgb must have the camera's size; got {rgb.shape}")
    if taken_at.tzinfo is None:
        raise ValueError("taken_at must have a time zone")
    heading = measured.attitude.yaw_deg if flight_yaw_deg is None else flight_yaw_deg
    xmp = _xmp(measured, camera, taken_at, height_home_m, heading)
    exif = _exif(measured, camera, taken_at)
    with replacing(path) as temporary:
        Image.fromarray(rgb).save(temporary, "JPEG", quality=quality, exif=exif, xmp=xmp.encode())


def _exif(pose: Pose, camera: Camera, taken_at: datetime) -> Image.Exif:
    local = taken_at.astimezone(LOCAL_TIME)
    text = local.strftime("%Y:%m:%d %H:%M:%S")
    share = camera.focal_px / camera.width_px
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x0110] = "simulated by aerogrid", "DJI", CAMERA_MODEL
    exif[0x0112], exif[0x0132] = 1, text
    details = exif.get_ifd(0x8769)
    details[0x9003] = details[0x9004] = text
    details[0x9010] = details[0x9011] = "+08:00"
    details[0x9290] = details[0x9291] = f"{local.microsecond // 1000:03d}"
    details[0x829A], details[0x829D], details[0x8827] = 1 / 1000, 2.8, 100
    details[0x920A] = round(share * SENSOR_WIDTH_MM, 3)
    details[0xA405] = round(share * FULL_FRAME_WIDTH_MM)
    details[0xA002], details[0xA003] = camera.width_px, camera.height_px
    place = exif.get_ifd(0x8825)
    position = pose.position
    place[0] = b"\x02\x03\x00\x00"
    place[1], place[2] = "N" if position.lat_deg >= 0 else "S", _sexagesimal(position.lat_deg)
    place[3], place[4] = "E" if position.lon_deg >= 0 else "W", _sexagesimal(position.lon_deg)
    place[5] = b"\x01" if position.altitude_amsl_m < 0 else b"\x00"
    place[6] = round(abs(position.altitude_amsl_m), 3)
    place[18] = "WGS-84"
    return exif


def _sexagesimal(angle_deg: float) -> tuple[float, float, float]:
    size = abs(angle_deg)
    minutes = size % 1 * 60
    return float(int(size)), float(int(minutes)), round(minutes % 1 * 60, 5)


def _signed(angle_deg: float) -> str:
    """Write an angle in [-180, 180) with its sign, as DJI does."""
    return f"{(angle_deg + 180) % 360 - 180:+.2f}"


def _xmp(
    pose: Pose, camera: Camera, taken_at: datetime, height_home_m: float, heading_deg: float
) -> str:
    """XMP packet with the attributes of a DJI photo.

    The optical centre counts from the corner of the first pixel there, ours from its middle.
    """
    position, attitude = pose.position, pose.attitude
    tags = {
        "Version": "1.6",
        "GpsStatus": "GPS",
        "AltitudeType": "GpsFusionAlt",
        "GpsLatitude": f"{position.lat_deg:+.9f}",
        "GpsLongitude": f"{position.lon_deg:+.9f}",
        "AbsoluteAltitude": f"{position.altitude_amsl_m:+.3f}",
        "RelativeAltitude": f"{height_home_m:+.3f}",
        "GimbalRollDegree": _signed(attitude.roll_deg),
        "GimbalYawDegree": _signed(attitude.yaw_deg),
        "GimbalPitchDegree": f"{attitude.pitch_deg:+.2f}",
        "FlightRollDegree": "+0.00",
        "FlightYawDegree": _signed(heading_deg),
        "FlightPitchDegree": "+0.00",
        "CalibratedFocalLength": f"{camera.focal_px:.6f}",
        "CalibratedOpticalCenterX": f"{camera.centre_x_px + 0.5:.6f}",
        "CalibratedOpticalCenterY": f"{camera.centre_y_px + 0.5:.6f}",
        "UTCAtExposure": taken_at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f"),  # noqa: UP017
        "DewarpFlag": "0",
    }
    if any(camera.distortion):
        tags["DewarpData"] = _dewarp(camera)
    lines = "\n".join(f'   drone-dji:{name}="{value}"' for name, value in tags.items())
    return XMP_PACKET.format(model=CAMERA_MODEL, lines=lines)


def _dewarp(camera: Camera) -> str:
    """DJI's own order: date; fx, fy, cx, cy from the middle of the picture, k1, k2, p1, p2, k3."""
    offset_x = camera.centre_x_px - (camera.width_px - 1) / 2
    offset_y = camera.centre_y_px - (camera.height_px - 1) / 2
    numbers = (camera.focal_px, camera.focal_px, offset_x, offset_y, *camera.distortion)
    return "2026-01-01;" + ",".join(f"{number:.9f}" for number in numbers)


XMP_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="DJI Meta Data"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
   tiff:Make="DJI"
   tiff:Model="{model}"
{lines}>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
