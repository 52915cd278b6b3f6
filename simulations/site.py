"""Where things are around a vehicle's home: local metres and degrees, pure."""

import numpy as np

from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.model import AltitudeFrame, MissionItem
from simulations.motion import Vector


class Site:
    """The surroundings of one home; local places are east, north and height above home."""

    def __init__(self, home: GeoPoint) -> None:
        self.home = home
        self.frame = LocalFrame(home.lon_deg, home.lat_deg)

    def place_of(self, item: MissionItem, otherwise: Vector) -> Vector:
        """Local place of an item; without degrees it is above another place."""
        east, north, _ = otherwise
        if item.lon_deg or item.lat_deg:
            lonlat = np.array([[item.lon_deg, item.lat_deg]])
            (east, north), *_ = self.frame.xy_from_lonlat(lonlat)
        height_m = item.altitude_m
        if item.frame == AltitudeFrame.AMSL:
            height_m -= self.home.altitude_amsl_m
        return float(east), float(north), height_m

    def geographic(self, place: Vector) -> GeoPoint:
        """Degrees and height above sea level of a local place."""
        (lon_deg, lat_deg), *_ = self.frame.lonlat_from_xy(np.array([place[:2]]))
        altitude_m = self.home.altitude_amsl_m + place[2]
        return GeoPoint(float(lon_deg), float(lat_deg), altitude_m)
