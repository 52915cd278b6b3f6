"""When do the sun rise and set at a place on a day.

The equations are those of the NOAA solar calculator (NOAA Global Monitoring Laboratory, "Solar
Calculation Details", spreadsheet NOAA_Solar_Calculations_day), which follow Meeus, Astronomical
Algorithms; good to a minute between 72 degrees south and north. The column of the spreadsheet is
named at each line.
"""

import math
from datetime import UTC, date, datetime, timedelta

_ZENITH_DEG = 90.833  # centre of the sun at rise and set: 34' of refraction, 16' of radius (NOAA)
_DAY_S = 86400.0
_ROUNDS = 3

Span = tuple[datetime, datetime]


def daylight(day: date, lon_deg: float, lat_deg: float) -> Span | None:
    """Sunrise and sunset (UTC) of the day that is `day` by the local sun; None in polar night.

    In polar day the whole day from solar midnight to solar midnight is returned.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    noon_s = 43200.0 - 240.0 * lon_deg
    rise_s = set_s = noon_s
    for _ in range(_ROUNDS):  # the sun moves between noon, rise and set
        rise = _event_s(midnight, rise_s, lon_deg, lat_deg, -1)
        down = _event_s(midnight, set_s, lon_deg, lat_deg, 1)
        if rise is None or down is None:
            return None
        rise_s, set_s = rise, down
    return midnight + timedelta(seconds=rise_s), midnight + timedelta(seconds=set_s)


def _event_s(
    midnight: datetime, near_s: float, lon_deg: float, lat_deg: float, side: int
) -> float | None:
    """Seconds after UTC midnight of rise (side -1) or set (1), with the sun as at `near_s`."""
    declination, equation_of_time_s = _sun(midnight, near_s)
    noon_s = 43200.0 - 240.0 * lon_deg - equation_of_time_s  # column X, solar noon
    lat = math.radians(lat_deg)
    cosine = math.cos(math.radians(_ZENITH_DEG)) / (math.cos(lat) * math.cos(declination))
    cosine -= math.tan(lat) * math.tan(declination)  # column W, hour angle of sunrise
    if cosine > 1:
        return None
    return noon_s + side * 240.0 * math.degrees(math.acos(max(cosine, -1.0)))


def _sun(midnight: datetime, seconds: float) -> tuple[float, float]:
    """Declination in radians and equation of time in seconds."""
    j2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
    century = ((midnight - j2000).total_seconds() + seconds) / (36525 * _DAY_S)  # column G
    longitude = math.radians((280.46646 + century * (36000.76983 + 0.0003032 * century)) % 360)  # I
    anomaly = math.radians(357.52911 + century * (35999.05029 - 0.0001537 * century))  # J
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)  # K
    centre = math.radians(  # L
        math.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + math.sin(3 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * century)
    apparent = longitude + centre - math.radians(0.00569 + 0.00478 * math.sin(node))  # P
    arc_s = 21.448 - century * (46.815 + century * (0.00059 - 0.001813 * century))
    mean_obliquity = 23 + (26 + arc_s / 60) / 60  # Q
    obliquity = math.radians(mean_obliquity + 0.00256 * math.cos(node))  # R
    declination = math.asin(math.sin(obliquity) * math.sin(apparent))  # T
    y = math.tan(obliquity / 2) ** 2  # U
    equation = (  # V
        y * math.sin(2 * longitude)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * longitude)
        - 0.5 * y**2 * math.sin(4 * longitude)
        - 1.25 * eccentricity**2 * math.sin(2 * anomaly)
    )
    return declination, 240.0 * math.degrees(equation)
