"""Where does the sun stand at a place and time."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

LEAST_ELEVATION_DEG = 3.0  # below, the sun lights nothing worth standing in front of
MOST_ELEVATION_DEG = 75.0  # above, light falls from overhead and no side is better


@dataclass(frozen=True, slots=True)
class SunPosition:
    """Direction to the sun: azimuth clockwise from true north, elevation above the horizon."""

    azimuth_deg: float
    elevation_deg: float

    @property
    def gives_a_side(self) -> bool:
        """Whether it matters from which side a photo is taken."""
        return LEAST_ELEVATION_DEG <= self.elevation_deg <= MOST_ELEVATION_DEG


def sun_position(when: datetime, lon_deg: float, lat_deg: float) -> SunPosition:
    """Position of the sun, good to half a degree, without refraction.

    Formulas: NOAA Global Monitoring Laboratory, "General Solar Position Calculations"; the
    azimuth there in the form with atan2, which is sound near noon and the zenith too.

    Args:
        when: with a time zone.
        lon_deg: east positive.
        lat_deg: north positive.
    """
    if when.utcoffset() is None:
        raise ValueError(f"when must have a time zone; got {when.isoformat()}")
    utc = when.astimezone(UTC)
    hours = utc.hour + utc.minute / 60 + utc.second / 3600
    declination, equation_min = _declination_and_equation(utc.timetuple().tm_yday, hours)
    hour_angle = math.radians((hours * 60 + equation_min + 4 * lon_deg) / 4 - 180)
    lat = math.radians(lat_deg)
    up = math.sin(lat) * math.sin(declination)
    up += math.cos(lat) * math.cos(declination) * math.cos(hour_angle)
    east = -math.cos(declination) * math.sin(hour_angle)
    north = math.cos(lat) * math.sin(declination)
    north -= math.sin(lat) * math.cos(declination) * math.cos(hour_angle)
    azimuth = math.degrees(math.atan2(east, north)) % 360
    return SunPosition(azimuth, math.degrees(math.asin(max(-1.0, min(1.0, up)))))


def _declination_and_equation(day_of_year: int, hours: float) -> tuple[float, float]:
    """Declination in radians and equation of time in minutes, from the fractional year."""
    year = 2 * math.pi / 365 * (day_of_year - 1 + (hours - 12) / 24)
    equation = 229.18 * (
        0.000075
        + 0.001868 * math.cos(year)
        - 0.032077 * math.sin(year)
        - 0.014615 * math.cos(2 * year)
        - 0.040849 * math.sin(2 * year)
    )
    declination = (
        0.006918
        - 0.399912 * math.cos(year)
        + 0.070257 * math.sin(year)
        - 0.006758 * math.cos(2 * year)
        + 0.000907 * math.sin(2 * year)
        - 0.002697 * math.cos(3 * year)
        + 0.00148 * math.sin(3 * year)
    )
    return declination, equation
