"""What a photo's tags say: camera, place, attitude, time, and why they cannot be trusted."""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from geo.pose import Attitude, PoseSigma

_DJI = "drone-dji:"
_MAKERS = (_DJI, "drone:", "drone-autel:", "drone-skydio:", "drone-parrot:")
_AXES = ("Yaw", "Pitch", "Roll")
_ANGLES = (
    (_DJI + "Gimbal", "Degree"),
    ("drone:Gimbal", "Degree"),  # Autel
    ("drone-autel:Gimbal", "Degree"),
    ("drone-parrot:Camera", "Degree"),
    ("drone-skydio:CameraOrientationNED:", ""),
)
_LOWEST_M, _HIGHEST_M = -1000.0, 10_000.0  # of any height: shores at -430, drones up to 9000
_MOST_SIDE_PX = 200_000
_MOST_SIGMA_M = 100.0
_LONGEST_WORDS = 80  # of a tag that is shown to people
_RTK_FIXED, _RTK_FLOAT = 50, 34  # DJI: 0 none, 16 single, 34 float, 50 fixed
_MOST_LAG_DEG = 15.0  # a gimbal that follows the aircraft stays this close to its heading
_DATE = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d+)?")
_MOST_SUN_HOURS = 3.0
_YEARS = range(1970, 2200)  # in which a camera's clock may be
_MOST_ZONE = timedelta(hours=14)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
# Programs that write their name into Software; cameras write a version number there.
_EDITORS = (
    "photo viewer", "photoshop", "lightroom", "gimp", "picasa", "snapseed", "paint", "photos",
    "acdsee", "irfanview", "xnview", "faststone", "preview", "imagemagick", "affinity", "darktable",
    "capture one", "luminar", "meitu", "美图", "image editor", "gwenview", "shotwell", "digikam",
)  # fmt: skip
_THERMAL_SIZES = {(160, 120), (336, 256), (640, 512), (1280, 1024)}
_THERMAL_MODELS = ("FLIR", "XT", "ZH20T", "H20T", "H30T", "M30T", "M3T", "MAVIC2-ENTERPRISE-ADV")


@dataclass(frozen=True, slots=True)
class PhotoTags:
    """A photo file's size as stored and its raw tags by name."""

    width_px: int
    height_px: int
    exif: Mapping[str, Any] = field(default_factory=dict)
    gps: Mapping[str, Any] = field(default_factory=dict)
    xmp: Mapping[str, str] = field(default_factory=dict)


class AltitudeDatum(StrEnum):
    """What a photo's absolute altitude is measured from."""

    STATED_AMSL = "stated as above mean sea level"
    ELLIPSOID = "above the ellipsoid"


@dataclass(frozen=True, slots=True)
class Position:
    """Where the photo says it was taken.

    Attributes:
        altitude_m: absolute, above `datum`; None when the photo does not say.
        height_home_m: above the take-off point; None when the photo does not say.
    """

    lon_deg: float
    lat_deg: float
    altitude_m: float | None
    datum: AltitudeDatum
    height_home_m: float | None


@dataclass(frozen=True, slots=True)
class SensorEntry:
    """What is known of one camera model beside its tags.

    Attributes:
        yaw_from: `aircraft` for gimbals that cannot turn by themselves and whose yaw tag lags.
    """

    width_mm: float | None = None
    axis_sigma_deg: float = 0.5
    twist_sigma_deg: float = 2.0
    yaw_from: Literal["gimbal", "aircraft"] = "gimbal"


@cache
def sensor_table() -> dict[str, SensorEntry]:
    """Read the shipped table of camera models."""
    text = files("vision").joinpath("sensors.toml").read_text(encoding="utf-8")
    return {name: SensorEntry(**entry) for name, entry in tomllib.loads(text)["cameras"].items()}


def sensor_of(tags: PhotoTags) -> SensorEntry:
    """Look the photo's camera model up; an empty entry when it is unknown."""
    return sensor_table().get(text_of(tags.exif.get("Model")), SensorEntry())


def text_of(value: object) -> str:
    """Text of a tag without padding; empty when absent."""
    text = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value or "")
    return text.split("\x00", maxsplit=1)[0].strip()


def number_of(value: object) -> float | None:
    """Number of a tag; None when absent, not a number or not finite."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def number_within(value: object, least: float, most: float) -> float | None:
    """Number of a tag; None when it is none or outside of what can be, ends included."""
    number = number_of(value)
    return number if number is not None and least <= number <= most else None


def dji(tags: PhotoTags, name: str) -> float | None:
    """Number of one of DJI's XMP properties."""
    return number_of(tags.xmp.get(_DJI + name))


def _height_m(tags: PhotoTags, name: str) -> float | None:
    """Height that several makers call the same, each with its own prefix."""
    heights = (_possible_height_m(tags.xmp.get(prefix + name)) for prefix in _MAKERS)
    return next((height for height in heights if height is not None), None)


def _possible_height_m(value: object) -> float | None:
    return number_within(value, _LOWEST_M, _HIGHEST_M)


def orientation_of(tags: PhotoTags) -> int:
    """EXIF orientation, 1 to 8; 1 when absent or nonsense."""
    return int(number_within(tags.exif.get("Orientation"), 1, 8) or 1)


def displayed_size_px(tags: PhotoTags) -> tuple[int, int]:
    """Width and height after the EXIF orientation is applied."""
    size = (tags.width_px, tags.height_px)
    return size[::-1] if orientation_of(tags) >= 5 else size


def taken_size_px(tags: PhotoTags) -> tuple[int, int] | None:
    """Width and height at which the camera stored the picture; None when it does not say."""
    width = number_within(tags.exif.get("ExifImageWidth"), 1, _MOST_SIDE_PX)
    height = number_within(tags.exif.get("ExifImageHeight"), 1, _MOST_SIDE_PX)
    return None if width is None or height is None else (int(width), int(height))


def position_of(tags: PhotoTags) -> Position | None:
    """Where the camera was; XMP first because it has more digits. None without a GNSS fix."""
    found = _lon_lat_in_xmp(tags) or _lon_lat_in_exif(tags.gps)
    if found is None:
        return None
    lon, lat = found
    above_ellipsoid = "rtk" in tags.xmp.get(_DJI + "AltitudeType", "").lower()
    datum = AltitudeDatum.ELLIPSOID if above_ellipsoid else AltitudeDatum.STATED_AMSL
    return Position(lon, lat, _altitude_m(tags), datum, _height_m(tags, "RelativeAltitude"))


def _lon_lat_in_xmp(tags: PhotoTags) -> tuple[float, float] | None:
    # "Longtitude" is how several models spell it.
    lon = dji(tags, "GpsLongitude") or dji(tags, "GpsLongtitude")
    lat = dji(tags, "GpsLatitude")
    return _on_earth(lon, lat) if lon and lat else None


def _lon_lat_in_exif(gps: Mapping[str, Any]) -> tuple[float, float] | None:
    lon = _signed_degrees(gps, "GPSLongitude", "W")
    lat = _signed_degrees(gps, "GPSLatitude", "S")
    if lon is None or lat is None or (lon == 0 and lat == 0):
        return None
    return _on_earth(lon, lat)


def _on_earth(lon_deg: float, lat_deg: float) -> tuple[float, float] | None:
    return (lon_deg, lat_deg) if abs(lon_deg) <= 180 and abs(lat_deg) <= 90 else None


def _altitude_m(tags: PhotoTags) -> float | None:
    absolute = _height_m(tags, "AbsoluteAltitude")
    if absolute is not None:
        return absolute
    altitude = _possible_height_m(tags.gps.get("GPSAltitude"))
    below = tags.gps.get("GPSAltitudeRef") in (1, b"\x01")
    return -altitude if altitude is not None and below else altitude


def _signed_degrees(gps: Mapping[str, Any], name: str, negative: str) -> float | None:
    """Degrees of an angle in degrees, minutes and seconds; None when it is none."""
    stored = gps.get(name)
    if not isinstance(stored, tuple) or not 1 <= len(stored) <= 3:
        return None
    parts = [number_within(part, 0, 180) for part in stored]
    if any(part is None for part in parts):
        return None
    degrees = sum(part / 60.0**i for i, part in enumerate(parts) if part is not None)
    return -degrees if text_of(gps.get(name + "Ref")).upper() == negative else degrees


def attitude_of(tags: PhotoTags) -> Attitude | None:
    """Camera angles as stored, for the picture as stored; None when any is missing or nonsense.

    DJI, newer Autel, Parrot and Skydio write the gimbal's angles with -90 straight down. Pix4D's
    `Camera:` names, which senseFly and others write, have 0 straight down; older Autel write them
    in the other sense, so these are not taken. Where the gimbal cannot turn in yaw by itself, the
    aircraft's heading is the camera's (DJI's developer support on the Mini 3,
    Mobile-SDK-Android-V5 issue 795; ODM since pull request 1406).
    """
    for prefix, suffix in _ANGLES:
        yaw, pitch, roll = _angles(tags, prefix, suffix)
        if yaw is not None and pitch is not None and roll is not None:
            return Attitude(_heading_deg(tags, yaw), pitch, roll)
    if text_of(tags.exif.get("Make")).upper().startswith("AUTEL"):
        return None
    yaw, pitch, roll = _angles(tags, "Camera:")
    if yaw is None or pitch is None or roll is None or not -90 <= pitch <= 90:
        return None
    return Attitude(yaw, pitch - 90.0, roll)


def _angles(tags: PhotoTags, prefix: str, suffix: str = "") -> list[float | None]:
    names = [f"{prefix}{axis}{suffix}" for axis in _AXES]
    yaw, pitch, roll = (tags.xmp.get(name) for name in names)
    return [number_within(yaw, -360, 360), *(number_within(v, -180, 180) for v in (pitch, roll))]


def _heading_deg(tags: PhotoTags, gimbal_yaw_deg: float) -> float:
    """The better of the two yaw angles; a gimbal far from the aircraft was turned on purpose."""
    aircraft_deg = number_within(tags.xmp.get(_DJI + "FlightYawDegree"), -360, 360)
    if aircraft_deg is None or sensor_of(tags).yaw_from == "gimbal":
        return gimbal_yaw_deg
    apart_deg = abs((aircraft_deg - gimbal_yaw_deg + 180) % 360 - 180)
    return aircraft_deg if apart_deg <= _MOST_LAG_DEG else gimbal_yaw_deg


def sigma_of(tags: PhotoTags) -> PoseSigma:
    """Doubt of the pose: from the RTK tags where there are any, else by the camera model."""
    sensor = sensor_of(tags)
    horizontal_m, vertical_m = 1.5, 3.0
    flag = dji(tags, "RtkFlag")
    if flag in (_RTK_FIXED, _RTK_FLOAT):
        # DJI's own figures hold for the solution alone; below these the antenna offset rules.
        least_h_m, least_v_m = (0.03, 0.05) if flag == _RTK_FIXED else (0.3, 0.6)
        stated = [dji(tags, f"RtkStd{axis}") or 0.0 for axis in ("Lon", "Lat", "Hgt")]
        if all(0 <= sigma_m <= _MOST_SIGMA_M for sigma_m in stated):
            horizontal_m = max(stated[0], stated[1], least_h_m)
            vertical_m = max(stated[2], least_v_m)
    return PoseSigma(horizontal_m, vertical_m, sensor.axis_sigma_deg, sensor.twist_sigma_deg)


def taken_at_of(tags: PhotoTags, utc_offset_hours: float | None = None) -> datetime | None:
    """When the shutter opened, UTC.

    XMP and GNSS times are UTC. A camera time without zone is taken at `utc_offset_hours`, by
    default in the zone of its longitude (see `zone_guess`).
    """
    exact = _parsed(tags.xmp.get(_DJI + "UTCAtExposure", ""))
    if exact is not None:
        return exact.replace(tzinfo=UTC)
    text = text_of(tags.exif.get("DateTimeOriginal")) or text_of(tags.exif.get("DateTime"))
    local = _parsed(text)
    if local is None:
        return None
    if local.microsecond == 0:
        fraction = text_of(tags.exif.get("SubsecTimeOriginal"))
        local += timedelta(seconds=float(f"0.{fraction}") if fraction.isdecimal() else 0.0)
    hours = _longitude_hours(tags) if utc_offset_hours is None else utc_offset_hours
    zone = _stated_zone(tags) or timezone(timedelta(hours=hours))
    return local.replace(tzinfo=zone).astimezone(UTC)


def zone_guess(tags: PhotoTags, utc_offset_hours: float | None = None) -> str:
    """Say from what the zone of the photo's time was guessed; empty where it is known."""
    is_exact = _parsed(tags.xmp.get(_DJI + "UTCAtExposure", "")) is not None
    if is_exact or utc_offset_hours is not None or _stated_zone(tags) is not None:
        return ""
    return f"time zone UTC{_longitude_hours(tags):+d} guessed from the longitude"


def zone_doubt(tags: PhotoTags, utc_offset_hours: float | None) -> str:
    """Say that a zone taken for a photo without one is far from that of its longitude, else "".

    Clocks keep within about 3 hours of the sun; a larger difference means another district.
    """
    position = position_of(tags)
    is_known = _parsed(tags.xmp.get(_DJI + "UTCAtExposure", "")) or _stated_zone(tags)
    if utc_offset_hours is None or position is None or is_known:
        return ""
    if text_of(tags.exif.get("DateTimeOriginal") or tags.exif.get("DateTime")) == "":
        return ""
    apart_hours = abs(position.lon_deg / 15 - utc_offset_hours) % 24
    if min(apart_hours, 24 - apart_hours) <= _MOST_SUN_HOURS:
        return ""
    return (
        f"its time was taken to be UTC{utc_offset_hours:+g} (utc_offset_hours of the rules), but "
        f"at its longitude clocks are near UTC{_longitude_hours(tags):+d}"
    )


def time_doubt(tags: PhotoTags) -> str:
    """Say that a photo's time or its zone is written and is none, else "" (zeros: no clock)."""
    text = text_of(tags.exif.get("DateTimeOriginal")) or text_of(tags.exif.get("DateTime"))
    if _parsed(tags.xmp.get(_DJI + "UTCAtExposure", "")) is not None:
        return ""
    if text.strip("0: ") and _parsed(text) is None:
        return f"its time {text[:_LONGEST_WORDS]!r} is none and does not count"
    offset = _stated_offset(tags)
    if offset and _stated_zone(tags) is None:
        return f"its time zone {offset[:_LONGEST_WORDS]!r} is none and does not count"
    return ""


def _longitude_hours(tags: PhotoTags) -> int:
    """Solar zone of the place, 15 degrees an hour; 0 without a position."""
    position = position_of(tags)
    return round(position.lon_deg / 15) if position else 0


def _parsed(text: str) -> datetime | None:
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        whole = datetime(*(int(match[i]) for i in range(1, 7)))  # type: ignore[arg-type]
    except ValueError:
        return None
    if whole.year not in _YEARS:
        return None
    return whole + timedelta(microseconds=round(float(match[7] or 0) * 1e6))


def _stated_offset(tags: PhotoTags) -> str:
    return text_of(tags.exif.get("OffsetTimeOriginal")) or text_of(tags.exif.get("OffsetTime"))


def _stated_zone(tags: PhotoTags) -> timezone | None:
    match = _OFFSET.match(_stated_offset(tags))
    if match is None:
        return None
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if ahead > _MOST_ZONE:
        return None
    return timezone(-ahead if match[1] == "-" else ahead)


def editing_reason(tags: PhotoTags) -> str | None:
    """Why the picture may have been turned or cropped after it was taken, None when it was not."""
    software = text_of(tags.exif.get("Software")) or tags.xmp.get("xmp:CreatorTool", "")
    tool = tags.xmp.get("xmp:CreatorTool", "")
    for name in (software, tool):
        if any(editor in name.lower() for editor in _EDITORS):
            return f"last saved by {name[:_LONGEST_WORDS]!r}"
    if orientation_of(tags) in (2, 4, 5, 7):
        return f"its orientation tag {orientation_of(tags)} says mirrored"
    taken = taken_size_px(tags)
    return _shape_reason(tags, *taken) if taken is not None else None


def _shape_reason(tags: PhotoTags, width: int, height: int) -> str | None:
    """Compare the picture's shape with the one the camera noted."""
    ratio = (tags.width_px / tags.height_px) / (width / height)
    if abs(ratio - 1) <= 0.01:
        return None
    turned = abs((tags.height_px / tags.width_px) / (width / height) - 1) <= 0.01
    what = "turned by a quarter" if turned else "cropped"
    return (
        f"the camera took {width} x {height} pixels, the file has "
        f"{tags.width_px} x {tags.height_px}: {what}"
    )


def is_thermal(tags: PhotoTags) -> bool:
    """Whether the picture shows temperatures: by its size and its camera's name, or its band."""
    if "LWIR" in tags.xmp.values() or "FLIR:CentralTemperature" in tags.xmp:
        return True
    model = text_of(tags.exif.get("Model")).upper()
    named = any(name in model for name in _THERMAL_MODELS)
    return named and (tags.width_px, tags.height_px) in _THERMAL_SIZES
