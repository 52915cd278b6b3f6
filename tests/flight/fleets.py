"""Sorties side by side, and vehicles that fly them in no time."""

from dataclasses import replace

import numpy as np
from shapely.affinity import translate

from geo.frames import LocalFrame
from geo.pose import GeoPoint
from missions.model import Sortie
from tests.flight.sorties import HOME, lonlat
from tests.simulations.gates import gate_sortie


def sortie_at(code: str, east_m: float) -> Sortie:
    """The small sortie, moved to the east with its home."""
    sortie = gate_sortie()
    lon, lat = lonlat(east_m, 0)
    shift = lon - HOME.lon_deg
    frame = LocalFrame(HOME.lon_deg, HOME.lat_deg)
    assert np.isfinite(frame.xy_from_lonlat(np.array([[lon, lat]]))).all()
    return replace(
        sortie,
        code=code,
        home=GeoPoint(lon, HOME.lat_deg, HOME.altitude_amsl_m),
        items=tuple(
            replace(item, lon_deg=item.lon_deg + shift) if item.lon_deg else item
            for item in sortie.items
        ),
        fence=translate(sortie.fence, shift),
        photos=tuple(replace(photo, lon_deg=photo.lon_deg + shift) for photo in sortie.photos),
    )
