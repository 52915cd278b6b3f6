"""The verb `watch`: cases of a flight while it is still under way."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import monotonic

from cases.model import FilingResult
from cli import console
from pipeline.inputs import Inputs
from pipeline.settings import read_settings
from pipeline.watching import Look, Watch
from pipeline.workspace import Workspace
from vision.errors import VisionError
from vision.still_photos import VIDEO_SUFFIXES, VideoStills
from vision.stills import choose_stills
from vision.subtitles import read_subtitles

AHEAD = 4
"""Stills of a video that wait to be searched; more would only fill the disk."""

POLL_S = 0.4
"""A file that has not changed for so long is taken to be whole."""


def watch(inputs: Inputs, out: Path, config: Path | None, *, idle_s: float | None) -> int:
    """Follow a folder until Ctrl-C, or until no photo has come for a while.

    Raises:
        VisionError: it is a file; a folder that is not there yet is waited for.
    """
    if inputs.photos.is_file():
        known = ", ".join(sorted(VIDEO_SUFFIXES))
        raise VisionError(
            f"{inputs.photos}: is a file and no video ({known}); "
            "give the folder that photos land in"
        )
    following = Watch(Workspace(out), inputs, read_settings(config), console.warn)
    if not inputs.photos.exists():
        console.warn(f"{inputs.photos} is not there yet; it is waited for")
    console.err.print(f"watching {console.where(inputs.photos)}   (Ctrl-C ends it)")
    try:
        with console.until_told() as stop:
            _follow(following, stop, idle_s)
    finally:
        following.close()
    whole = f"aerogrid analyze {console.where(inputs.photos)} --out {console.where(out)}"
    console.err.print(f"when the flight is over: [bold]{whole}[/]")
    return console.DONE


@dataclass(frozen=True, slots=True)
class Recording:
    """A video whose stills are watched, and what is known of its camera.

    Attributes:
        subtitles: that the drone wrote beside it.
        focal_35mm: of the video, as 35 mm equivalent.
        pitch_deg: where the camera looked, for drones that do not write it.
    """

    video: Path
    subtitles: Path
    focal_35mm: float
    pitch_deg: float | None


def is_recording(source: Path) -> bool:
    """Whether a name is that of a video, not of a folder."""
    return source.suffix.lower() in VIDEO_SUFFIXES


def recording_of(
    source: Path, subtitles: Path | None, focal_35mm: float | None, pitch_deg: float | None
) -> Recording:
    """A video with its subtitles, which lie beside it where none are named.

    Raises:
        VisionError: it cannot be located.
    """
    beside = [source.with_suffix(suffix) for suffix in (".SRT", ".srt")]
    found = subtitles or next((path for path in beside if path.exists()), None)
    if found is None:
        raise VisionError(f"{source}: no subtitles lie beside it; name them with --srt")
    if focal_35mm is None:
        raise VisionError(
            f"{source}: a video does not tell its focal length; give --focal35, the 35 mm "
            "equivalent that the maker states for video, such as 24"
        )
    return Recording(source, found, focal_35mm, pitch_deg)


def watch_video(recording: Recording, inputs: Inputs, out: Path, config: Path | None) -> int:
    """Take stills out of a video into the patrol's photo folder, search and file as they come.

    Never more are taken than the search keeps up with, and none twice.
    """
    moments = read_subtitles(recording.subtitles)
    taker = VideoStills(recording.video, inputs.photos, recording.focal_35mm)
    try:
        stills = choose_stills(moments, taker.camera, pitch_deg=recording.pitch_deg)
        taker.ask_for(stills)
        following = Watch(Workspace(out), inputs, read_settings(config), console.warn)
        try:
            with console.until_told() as stop:
                _take_and_follow(taker, following, stop)
        finally:
            following.close()
    finally:
        taker.close()
    whole = f"aerogrid analyze {console.where(inputs.photos)} --out {console.where(out)}"
    console.err.print(f"{len(stills)} stills; then: [bold]{whole}[/]")
    return console.DONE


def _take_and_follow(taker: VideoStills, following: Watch, stop: Event) -> None:
    """Take a few stills ahead of the search until all are taken, searched and filed."""
    waiting, is_left = 0, True
    while not stop.is_set():
        while is_left and waiting < AHEAD:
            is_left = taker.take_next()
            waiting += 1
        look = following.look(datetime.now(UTC))
        tell(look)
        waiting = look.waiting
        if not (is_left or look.searched or look.waiting or look.result or look.is_landing):
            return


def _follow(following: Watch, stop: Event, idle_s: float | None) -> None:
    last = monotonic()
    while not stop.is_set():
        look = following.look(datetime.now(UTC))
        tell(look)
        if look.searched or look.waiting:
            last = monotonic()
            continue
        if idle_s is not None and monotonic() - last > idle_s:
            return
        stop.wait(POLL_S)


def tell(look: Look) -> None:
    """Say what a look came to, if anything."""
    if look.result is None and not look.searched:
        return
    changes = _changes(look.result) if look.result else ""
    told = f"{look.photos} photos, {look.waiting} waiting{changes}"
    console.out.print(f"{datetime.now(UTC):%H:%M:%S} UTC  {told}", highlight=False)


def _changes(result: FilingResult) -> str:
    numbers = {"new": result.new, "withdrawn": result.withdrawn}
    said = [f"{name} {', '.join(cases)}" for name, cases in numbers.items() if cases]
    return "".join(f"; {entry}" for entry in said)
