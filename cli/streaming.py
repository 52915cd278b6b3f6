"""The verb `watch` on a live stream: stills of it, posed by what the vehicle says beside it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic

from cli import console
from cli.watching import AHEAD, POLL_S, tell
from flight.listening import Listening
from geo.pose import Attitude
from pipeline.inputs import Inputs
from pipeline.settings import read_settings
from pipeline.watching import Watch
from pipeline.workspace import Workspace
from vision.errors import VisionError
from vision.stills import Still
from vision.stream_photos import StreamStills
from vision.subtitles import VideoMoment

UNPLACED_MOST = 100
"""So many pictures without a place in a row of none, and a person is told why."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A live stream, and what is known of its camera.

    Attributes:
        telemetry: a connection, or a .tlog that is being written.
        focal_35mm: of the video, as 35 mm equivalent.
        pitch_deg: where the camera looks, where no gimbal tells.
        delay_s: between the opening of the shutter and the arrival of a picture.
    """

    url: str
    telemetry: str
    focal_35mm: float
    pitch_deg: float | None
    delay_s: float


def stream_of(
    url: str,
    telemetry: str | None,
    focal_35mm: float | None,
    pitch_deg: float | None,
    delay_s: float,
) -> Stream:
    """A stream with what tells its place.

    Raises:
        VisionError: it cannot be located.
    """
    if telemetry is None:
        raise VisionError(
            f"{url}: a live stream does not say from where it is taken. Give --telemetry: where "
            "the vehicle's MAVLink is heard, such as udpin:0.0.0.0:14550, or the .tlog that is "
            "written"
        )
    if focal_35mm is None:
        raise VisionError(
            f"{url}: a stream does not tell its focal length; give --focal35, the 35 mm equivalent "
            "that the maker states for video, such as 24"
        )
    return Stream(url, telemetry, focal_35mm, pitch_deg, delay_s)


def watch_stream(
    stream: Stream, inputs: Inputs, out: Path, config: Path | None, *, idle_s: float | None
) -> int:
    """Take stills out of a stream into the patrol's photo folder, search and file as they come.

    A killed watch that is started again goes on with what comes; stills that are there stay.
    """
    with Listening(stream.telemetry, lambda: datetime.now(UTC)) as listening:
        taker = StreamStills(stream.url, inputs.photos, stream.focal_35mm, delay_s=stream.delay_s)
        try:
            following = Watch(Workspace(out), inputs, read_settings(config), console.warn)
            console.err.print(f"watching {stream.url}   (Ctrl-C ends it)", highlight=False)
            try:
                taker.begin(partial(view_at, listening, stream.pitch_deg))
                with console.until_told() as stop:
                    _follow(taker, following, stop, idle_s)
            finally:
                following.close()
        finally:
            taker.close()
    _tell_end(taker)
    whole = f"aerogrid analyze {console.where(inputs.photos)} --out {console.where(out)}"
    console.err.print(f"when the flight is over: [bold]{whole}[/]")
    return console.DONE


def view_at(listening: Listening, pitch_deg: float | None, moment: datetime) -> Still | None:
    """From where, and which way, the camera looked at a moment; None where nobody tells."""
    here = listening.where(moment)
    if here is None:
        return None
    attitude = here.gimbal
    if attitude is None:
        if here.heading_deg is None or pitch_deg is None:
            return None
        attitude = Attitude(here.heading_deg, pitch_deg, 0.0)
    place = here.position
    told = VideoMoment(
        start_s=0.0,
        clock=moment,
        lon_deg=place.lon_deg,
        lat_deg=place.lat_deg,
        height_home_m=here.height_home_m,
        altitude_m=place.altitude_amsl_m,
        attitude=attitude,
    )
    return Still(told, attitude, here.height_home_m)


def _follow(taker: StreamStills, following: Watch, stop: Event, idle_s: float | None) -> None:
    last, is_told, is_open = monotonic(), False, True
    while not stop.is_set():
        look = following.look(datetime.now(UTC))
        tell(look)
        taker.make_room(AHEAD - look.waiting - int(look.is_landing))
        is_open = _tell_whether_open(taker, before=is_open)
        if taker.unplaced >= UNPLACED_MOST and not taker.taken and not is_told:
            console.warn(
                "pictures come, but nothing tells from where: no vehicle is heard, or no gimbal "
                "says where the camera looks (then give --pitch)"
            )
            is_told = True
        if look.searched or look.waiting or look.is_landing:
            last = monotonic()
        elif idle_s is not None and monotonic() - last > idle_s:
            return
        else:
            stop.wait(POLL_S)


def _tell_whether_open(taker: StreamStills, *, before: bool) -> bool:
    """Tell that the stream is gone, or there again, when that changes; whether it is there."""
    is_open = taker.is_open
    if before and not is_open:
        console.warn("the stream has broken off; it is opened again as soon as it is there")
    if is_open and not before:
        console.err.print("the stream is there again", highlight=False)
    return is_open


def _tell_end(taker: StreamStills) -> None:
    console.err.print(f"{taker.taken} stills", highlight=False)
    if taker.left_out:
        console.warn(
            f"{taker.left_out} stills were left out, since the search did not keep up: their "
            "ground was not looked at"
        )
    if taker.unplaced:
        console.warn(f"{taker.unplaced} pictures came while nothing told from where")
