"""What a drone is asked to do: mission items, sorties and what a drone can do."""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum

from shapely import Polygon

from geo.camera import Camera
from geo.pose import GeoPoint
from missions.errors import MissionError


class Command(IntEnum):
    """The MAV_CMD values that aerogrid writes (MAVLink common.xml)."""

    NAV_WAYPOINT = 16
    NAV_RETURN_TO_LAUNCH = 20
    NAV_LAND = 21
    NAV_TAKEOFF = 22
    CONDITION_YAW = 115
    DO_CHANGE_SPEED = 178
    DO_MOUNT_CONTROL = 205
    DO_SET_CAM_TRIGG_DIST = 206
    IMAGE_START_CAPTURE = 2000


class AltitudeFrame(IntEnum):
    """The MAV_FRAME values that aerogrid writes: what `altitude_m` is above."""

    AMSL = 0
    MISSION = 2
    ABOVE_HOME = 3


@dataclass(frozen=True, slots=True)
class MissionItem:
    """One item of a MAVLink mission in degrees and metres.

    Attributes:
        altitude_m: above what `frame` says; 0 for items without a place.
    """

    command: int
    frame: int
    parameters: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    lon_deg: float = 0.0
    lat_deg: float = 0.0
    altitude_m: float = 0.0
    autocontinue: bool = True


@dataclass(frozen=True, slots=True)
class Autopilot:
    """How a flight controller flies a mission; every figure has its source in autopilots.toml.

    Attributes:
        speed_m_s, up_m_s, down_m_s: until the mission says otherwise.
        corner_radius_m: corners are rounded no wider than this.
        spool_up_s: from the order to take off to leaving the ground.
        start_s: by which a leg from standstill lags behind its plan.
        return_height_m: a return climbs to this height first where it begins lower.
        return_speed_m_s: on the way home, whatever the mission's speed was.
        return_hover_s: over home before the landing.
        slow_below_m: height above home under which a landing has come down to `land_speed_m_s`.
        landing_speed_m_s: fastest descent from which a landing can be slowed down in time.
        stop_s: from touching the ground to the rotors' stop.
    """

    speed_m_s: float
    up_m_s: float
    down_m_s: float
    jerk_m_s3: float
    vertical_acceleration_m_s2: float
    vertical_jerk_m_s3: float
    corner_acceleration_m_s2: float
    corner_radius_m: float
    spool_up_s: float
    start_s: float
    return_height_m: float
    return_speed_m_s: float
    return_hover_s: float
    slow_below_m: float
    land_speed_m_s: float
    landing_speed_m_s: float
    stop_s: float


@dataclass(frozen=True, slots=True)
class Drone:
    """What an aircraft and its camera can do; every figure has its source in drones.toml.

    Attributes:
        top_air_speed_m_s: fastest through the air; wind is taken off it.
        wind_limit_m_s: strongest mean wind to fly in.
        endurance_s: the data sheet's flight time, for comparison; planning goes by energy.
        battery_wh: of a full battery set.
        hover_w, cruise_w, climb_w: drawn from it hovering, at `cruise_speed_m_s` in still air, and
            climbing at `climb_speed_m_s`.
        reserve_share: of `battery_wh` that is never planned with.
        waypoint_limit: places that one mission may have.
    """

    key: str
    name: str
    camera: Camera
    pixel_pitch_um: float
    focal_length_mm: float
    photo_interval_s: float
    cruise_speed_m_s: float
    climb_speed_m_s: float
    descent_speed_m_s: float
    acceleration_m_s2: float
    top_air_speed_m_s: float
    wind_limit_m_s: float
    endurance_s: float
    battery_wh: float
    hover_w: float
    cruise_w: float
    climb_w: float
    reserve_share: float
    waypoint_limit: int
    autopilot: Autopilot


@dataclass(frozen=True, slots=True)
class Photo:
    """A planned exposure: camera position above home and heading of the picture's top.

    Attributes:
        pitch_deg: of the gimbal, 0 at the horizon, -90 straight down.
    """

    lon_deg: float
    lat_deg: float
    height_home_m: float
    heading_deg: float
    pitch_deg: float = -90.0


@dataclass(frozen=True, slots=True)
class Sortie:
    """One flight from take-off to landing over one cell, or a part of it.

    Attributes:
        code: unique within a plan, used as the file name.
        items: the mission without MAVLink's home item; take-off first, return last.
        fence: flight must stay inside, lon/lat degrees.
        photos: where `DO_SET_CAM_TRIGG_DIST` is expected to release the shutter.
        duration_s: from the order to take off to the rotors' stop.
        speed_limit: what the speed follows from, and what else would have limited it.
        wind_m_s: mean wind, from the worst direction, that `energy_wh` is for.
        energy_wh: of the whole flight with landing; 0 where it was not planned by us.
        battery_share: `energy_wh` as share of a full battery set.
        ceiling_home_m: highest height above home that the flight may reach; None where the
            planner did not say.
        return_height_m: above home, to which the vehicle must climb before it returns (RTL_ALT);
            None where the planner did not say.
    """

    code: str
    cell_codes: tuple[str, ...]
    drone_key: str
    home: GeoPoint
    items: tuple[MissionItem, ...]
    fence: Polygon
    photos: tuple[Photo, ...]
    speed_m_s: float
    height_home_m: float
    gsd_m: float
    distance_m: float
    duration_s: float
    speed_limit: str = ""
    wind_m_s: float = 0.0
    energy_wh: float = 0.0
    battery_share: float = 0.0
    ceiling_home_m: float | None = None
    return_height_m: float | None = None

    def __post_init__(self) -> None:
        """Refuse a code that could name a file outside of its folder, or none at all."""
        odd = any(unicodedata.category(letter) == "Cc" for letter in self.code)
        if not self.code or self.code[0] == "." or odd or set(self.code) & set("/\\"):
            raise MissionError(
                f"sortie code {self.code!r} cannot be a file name: it must not be empty, begin "
                "with a dot or hold '/', '\\' or control characters; rename the cell"
            )


@dataclass(frozen=True, slots=True)
class MissionFile:
    """What a mission file of any origin holds.

    Attributes:
        home: planned take-off point; None where the file does not say.
        items: the mission without MAVLink's home item.
        fence: None where the file has none.
        return_height_m: above home, which the file itself sets in the vehicle; None where it
            leaves it as it is.
        corner_cut_m: how far before a place its path may bend off the straight line; inf for
            curves of any width.
        climbs_freely: whether the aircraft itself chooses how fast it climbs and sinks; otherwise
            items say, or parameters of the vehicle.
        end_unsaid: whether the format has no word for how a flight ends.
    """

    home: GeoPoint | None
    items: tuple[MissionItem, ...]
    fence: Polygon | None = None
    return_height_m: float | None = None
    corner_cut_m: float = 0.0
    climbs_freely: bool = False
    end_unsaid: bool = False
