"""Where was a photo taken from, by its own tags or by the release that a flight log tells?"""

from dataclasses import replace

import numpy as np

from geo.pose import GeoPoint, Pose
from geo.track import CameraEvent
from vision import metadata
from vision.heights import Altitude
from vision.intrinsics import intrinsics_of, turned_attitude, turns_of
from vision.metadata import PhotoTags, Position
from vision.poses import EventMatch
from vision.quality import Flaw, QualityLimits

_ASSUMED = (
    f"{Flaw.VIEW}: the flight log tells no gimbal angles, so it is taken to look straight down"
)


def pose_of_photo(
    tags: PhotoTags,
    position: Position | None,
    altitude: Altitude | None,
    event: CameraEvent | None,
    words: str,
    limits: QualityLimits,
    utc_offset_hours: float | None,
) -> tuple[Pose | None, list[str]]:
    """Take the pose from the tags, else from the flight log, else say what is missing.

    Args:
        tags: of the photo.
        position: by its tags.
        altitude: by its tags, as chosen for all photos of its flight.
        event: the release that is its own, if any.
        words: of the flight log, as `log_words` says them.
        limits: beyond which a view places nothing.
        utc_offset_hours: of the camera's clock, as it was given.
    """
    remarks = []
    pose = _tagged_pose(tags, position, altitude, utc_offset_hours)
    if pose is None and event is not None:
        pose = Pose(event.position, event.attitude, metadata.sigma_of(tags), words)
        remarks = [] if event.is_view_told else [_ASSUMED]
    if pose is None:
        missing = _missing(position, altitude, metadata.attitude_of(tags) is not None)
        return None, [missing, words] if words else [missing]
    if pose.attitude.pitch_deg > limits.shallowest_pitch_deg:
        return None, [
            f"{Flaw.SHALLOW}: the camera's pitch is {pose.attitude.pitch_deg:.1f} degrees (-90 is "
            f"straight down), at most {limits.shallowest_pitch_deg:.0f} places anything"
        ]
    return pose, remarks


def _tagged_pose(
    tags: PhotoTags,
    position: Position | None,
    altitude: Altitude | None,
    utc_offset_hours: float | None,
) -> Pose | None:
    attitude = metadata.attitude_of(tags)
    if position is None or altitude is None or attitude is None:
        return None
    place = GeoPoint(position.lon_deg, position.lat_deg, altitude.altitude_amsl_m)
    sigma = metadata.sigma_of(tags)
    sigma = replace(sigma, vertical_m=float(np.hypot(sigma.vertical_m, altitude.sigma_m)))
    intrinsics = intrinsics_of(tags)
    camera_source = intrinsics.source if intrinsics else "unknown focal length"
    sources = ("photo tags: gimbal angles", altitude.source, camera_source)
    guess = metadata.zone_guess(tags, utc_offset_hours)
    source = "; ".join((*sources, guess) if guess else sources)
    return Pose(place, turned_attitude(attitude, turns_of(tags) or 0), sigma, source)


def log_words(event: CameraEvent | None, matched: EventMatch) -> str:
    """What the flight log says of a photo: its event, or why it has none; empty without a log."""
    if matched.offset_s is None:
        return matched.problem and f"no pose: {matched.problem}"
    clock = f"camera clock {matched.offset_s:+.1f} s ahead"
    if event is None:
        return f"no pose: no release in the flight log at its time ({clock})"
    return f"flight log: event {event.index}, {clock}"


def _missing(position: Position | None, altitude: Altitude | None, has_attitude: bool) -> str:
    if position is None:
        return "no pose: no GNSS position in its tags"
    if not has_attitude:
        return "position only: no camera attitude in its tags (XMP gimbal angles)"
    return "position only: no usable altitude in its tags" if altitude is None else ""
