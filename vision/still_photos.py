"""EDGE: take stills out of a video file, as photos with the tags that `ingest` reads."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from geo.camera import Camera
from geo.files import replacing
from vision.errors import VisionError
from vision.images import Picture
from vision.stills import Still

FULL_FRAME_WIDTH_MM = 36.0
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".ts", ".m4v"})
_LATE_S = 0.5
"""A picture that is so much later than asked means that the video lacks the moment."""

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="still of a video"
    xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
{lines}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def camera_of(width_px: int, height_px: int, focal_35mm: float) -> Camera:
    """Camera of a video by its focal length as 35 mm equivalent."""
    return Camera.centred(width_px, height_px, focal_35mm / FULL_FRAME_WIDTH_MM * width_px)


class VideoStills:
    """Takes the chosen moments out of a video, one after the other, into a folder.

    A still is named by its time in the video; one that is there already is not taken again.
    """

    def __init__(self, video: Path, folder: Path, focal_35mm: float) -> None:
        """Open a video.

        Raises:
            VisionError: it cannot be read as a video.
        """
        self._capture = cv2.VideoCapture(str(video))
        if not self._capture.isOpened():
            raise VisionError(f"{video}: is no video that can be read; give an MP4, MOV or AVI")
        self._video, self._folder = video, folder
        width, height = (
            int(self._capture.get(key))
            for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        self._focal_35mm = focal_35mm
        self.camera = camera_of(width, height, focal_35mm)
        self._waiting: list[Still] = []

    def ask_for(self, stills: Sequence[Still]) -> None:
        """Say which moments to take."""
        self._waiting = [still for still in stills if not self._path(still).exists()]

    def take_next(self) -> bool:
        """Write the next still; False where none is left.

        Raises:
            VisionError: the video ends before the moment.
        """
        if not self._waiting:
            return False
        still = self._waiting.pop(0)
        self._folder.mkdir(parents=True, exist_ok=True)
        picture = self._picture_at(still.moment.start_s)
        write_still(self._path(still), still, picture, self._focal_35mm)
        return True

    def close(self) -> None:
        """Let go of the video."""
        self._capture.release()

    def _path(self, still: Still) -> Path:
        return self._folder / f"{self._video.stem}_{round(still.moment.start_s * 1000):08d}.jpg"

    def _picture_at(self, second: float) -> Picture:
        """Read on to the first picture that is not before a moment."""
        rate = self._capture.get(cv2.CAP_PROP_FPS) or 30.0
        while self._capture.grab():
            now_s = (self._capture.get(cv2.CAP_PROP_POS_FRAMES) - 1) / rate
            if now_s >= second - 0.5 / rate:
                is_there, picture = self._capture.retrieve()
                if is_there and now_s <= second + _LATE_S:
                    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
                break
        raise VisionError(
            f"{self._video}: has no picture at {second:.1f} s, of which the subtitles tell; are "
            "they of this video?"
        )


def write_still(path: Path, still: Still, picture: Picture, focal_35mm: float) -> None:
    """Write a picture as the photo of a moment; whole or not at all."""
    exif, xmp = _exif(still, focal_35mm), _xmp(still)
    with replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, "JPEG", quality=92, exif=exif, xmp=xmp.encode())


def _exif(still: Still, focal_35mm: float) -> Image.Exif:
    moment = still.moment
    exif = Image.Exif()
    exif[0x010E] = "still of a video, taken by aerogrid"
    details = exif.get_ifd(0x8769)
    if moment.clock is not None:
        details[0x9003] = details[0x9004] = f"{moment.clock:%Y:%m:%d %H:%M:%S}"
        details[0x9291] = f"{moment.clock.microsecond // 1000:03d}"
        if moment.clock.tzinfo is not None:
            details[0x9010] = details[0x9011] = moment.clock.isoformat()[-6:]
    details[0xA405] = round(focal_35mm)
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N" if moment.lat_deg >= 0 else "S", _sexagesimal(moment.lat_deg)
    place[3], place[4] = "E" if moment.lon_deg >= 0 else "W", _sexagesimal(moment.lon_deg)
    return exif


def _sexagesimal(angle_deg: float) -> tuple[float, float, float]:
    size = abs(angle_deg)
    minutes = size % 1 * 60
    return float(int(size)), float(int(minutes)), round(minutes % 1 * 60, 5)


def _xmp(still: Still) -> str:
    moment, attitude = still.moment, still.attitude
    tags = {
        "GpsLatitude": f"{moment.lat_deg:+.9f}",
        "GpsLongitude": f"{moment.lon_deg:+.9f}",
        "RelativeAltitude": f"{still.height_home_m:+.3f}",
        "GimbalRollDegree": f"{attitude.roll_deg:+.2f}",
        "GimbalYawDegree": f"{(attitude.yaw_deg + 180) % 360 - 180:+.2f}",
        "GimbalPitchDegree": f"{attitude.pitch_deg:+.2f}",
    }
    if moment.altitude_m is not None:
        tags["AbsoluteAltitude"] = f"{moment.altitude_m:+.3f}"
    return _XMP.format(
        lines="\n".join(f'   drone-dji:{name}="{value}"' for name, value in tags.items())
    )
