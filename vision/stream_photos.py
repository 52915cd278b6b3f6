"""EDGE: take stills out of a live stream, as photos with the tags that `ingest` reads.

A stream tells when its pictures were taken by its own clock only. What it says of one picture and
when that came tells the rest: the picture that came soonest after it was taken has waited least.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import time

import cv2
import numpy as np

from geo.camera import Camera
from vision.errors import VisionError
from vision.still_photos import camera_of, write_still
from vision.stills import ON_GROUND_M, Still, is_due

SCHEMES = ("rtsp", "rtmp", "udp", "tcp", "srt", "http", "https")
OPEN_MS, READ_MS = 10_000, 5_000
REOPEN_AFTER_S = 1.0
SETTLED_S = 1.0
"""Pictures that were kept back while a stream was opened come faster than they were taken; when for
so long none has come sooner, they are live."""

SOONER_S = 0.05
JUMP_S = 10.0

ViewAt = Callable[[datetime], Still | None]


class StreamClock:
    """When were the pictures of a stream taken, by this computer's clock? Pure.

    Attributes:
        is_live: whether pictures come as they are taken.
    """

    def __init__(self) -> None:
        """Begin with a stream that was just opened."""
        self._late_s: float | None = None
        self._since_s = 0.0
        self.is_live = False

    def taken_s(self, told_s: float, came_s: float) -> float:
        """Time of a picture, seconds since 1970, by what the stream tells and when it came."""
        late_s = came_s - told_s
        if self._late_s is None or abs(late_s - self._late_s) > JUMP_S:
            self._late_s, self._since_s, self.is_live = late_s, came_s, False
        elif late_s < self._late_s - SOONER_S:
            self._since_s = came_s
        self._late_s = min(self._late_s, late_s)
        self.is_live = self.is_live or came_s - self._since_s >= SETTLED_S
        return told_s + self._late_s


class StreamStills:
    """Takes stills in a thread of its own, which reads a stream as fast as it comes.

    Attributes:
        camera: of its pictures.
        taken: stills written.
        left_out: that were due while too many waited to be searched.
        unplaced: pictures, once live, of which nobody told where they were taken.
        is_open: whether the stream is there now.
        fault: what ended the taking, such as a full disk; None while it goes on.
    """

    def __init__(self, url: str, folder: Path, focal_35mm: float, *, delay_s: float = 0.0) -> None:
        """Open a stream.

        Args:
            url: that FFmpeg reads.
            folder: for the photos, named by their time.
            focal_35mm: 35 mm equivalent.
            delay_s: between the opening of the shutter and the soonest arrival of a picture.

        Raises:
            VisionError: it cannot be opened.
        """
        self._url, self._folder, self._focal_35mm, self._delay_s = url, folder, focal_35mm, delay_s
        self._capture = _opened(url)
        if not self._capture.isOpened():
            raise VisionError(
                f"{url}: no stream comes within {OPEN_MS // 1000} s; is it on, and is the address "
                "right?"
            )
        keys = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        width_px, height_px = (int(self._capture.get(key)) for key in keys)
        self.camera: Camera = camera_of(width_px, height_px, focal_35mm)
        self.taken = self.left_out = self.unplaced = 0
        self.is_open = True
        self.fault: OSError | None = None
        self._room = 0
        self._last: Still | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, view_at: ViewAt) -> None:
        """Begin to take stills; `view_at` says from where a picture of a moment was taken."""
        self._thread = threading.Thread(target=self._follow, args=(view_at,), daemon=True)
        self._thread.start()

    def make_room(self, stills: int) -> None:
        """Say how many more may be written now.

        Raises:
            VisionError: no still can be written any more.
        """
        if self.fault is not None:
            reason = self.fault.strerror or self.fault
            raise VisionError(
                f"{self._folder}: a still cannot be written ({reason}), so the stream is not "
                "looked at any more. Make room, then start the watch again."
            )
        self._room = stills

    def close(self) -> None:
        """End; a still in hand is written whole."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._capture.release()

    def _follow(self, view_at: ViewAt) -> None:
        clock = StreamClock()
        while not self._ended.is_set():
            if self._capture.grab():
                self.is_open = True
                told_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                taken_s = clock.taken_s(told_s, time()) - self._delay_s
                if clock.is_live:
                    self._try(view_at(datetime.fromtimestamp(taken_s, UTC)))
                continue
            self.is_open = False
            self._capture.release()
            self._ended.wait(REOPEN_AFTER_S)
            if not self._ended.is_set():
                self._capture, clock = _opened(self._url), StreamClock()

    def _try(self, still: Still | None) -> None:
        try:
            self._consider(still)
        except OSError as error:
            self.fault = error
            self._ended.set()

    def _consider(self, still: Still | None) -> None:
        """Take the picture at hand if it shows enough that is new."""
        if still is None:
            self.unplaced += 1
            return
        is_up = still.height_home_m > ON_GROUND_M
        if not is_up or (self._last is not None and not is_due(self._last, still, self.camera)):
            return
        if self._room <= 0:
            self.left_out += 1
            self._last = still
            return
        is_there, picture = self._capture.retrieve()
        if is_there:
            rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            self._folder.mkdir(parents=True, exist_ok=True)
            write_still(self._path(still), still, rgb, self._focal_35mm)
            self._last, self._room, self.taken = still, self._room - 1, self.taken + 1

    def _path(self, still: Still) -> Path:
        clock = still.moment.clock
        assert clock is not None, "stills of a stream are made of their time"
        return self._folder / f"live_{clock:%Y%m%dT%H%M%S}{clock.microsecond // 1000:03d}.jpg"


def is_stream(source: str) -> bool:
    """Whether a name is the address of a stream."""
    return source.partition("://")[0].lower() in SCHEMES and "://" in source


def _opened(url: str) -> cv2.VideoCapture:
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS]
    one_thread = [cv2.CAP_PROP_N_THREADS, 1]  # each more keeps a picture back
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, [*limits, *one_thread])
