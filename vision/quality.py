"""Whether a photo is good enough to look at, and what is wrong with it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.model import Frame, SearchScale

_LOOK_PX = 1024  # sharpness is judged at this to twice this many pixels on the longer side
_THUMB_PX = 32
_SPOT_PX = 4  # of the picture that is looked at; what is smaller may be noise


class Flaw(StrEnum):
    """What can be wrong with a photo; the first word of each reason."""

    UNREADABLE = "unreadable"
    TINY = "tiny"
    THERMAL = "thermal"
    BLURRED = "blurred"
    DARK = "dark"
    DIM = "dim"
    OVEREXPOSED = "overexposed"
    COARSE = "coarse"
    FINE = "fine"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    SHALLOW = "shallow"
    EDITED = "edited"
    TURNED = "turned"
    ODD_POSE = "odd pose"
    CLOCK = "clock"
    VIEW = "view"


REMARKS = frozenset({Flaw.COARSE, Flaw.FINE, Flaw.CLOCK, Flaw.VIEW, Flaw.DIM})
"""What is said of a photo and keeps it from nothing."""

DISQUALIFYING = frozenset(
    {
        Flaw.TINY,
        Flaw.THERMAL,
        Flaw.BLURRED,
        Flaw.DARK,
        Flaw.OVEREXPOSED,
        Flaw.EMPTY,
        Flaw.DUPLICATE,
    }
)
"""Flaws that keep detection away from a photo that can be read."""


ACCEPTED = "accepted"
"""What stands before a flaw that the settings say to search in spite of."""


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Where a photo becomes too poor.

    Attributes:
        least_side_px: of the shorter side.
        most_blur: 0 sharp to 1 (see `blur_of`); 38 sharp real photos lie at 0.12 to 0.46, one
            that is out of focus at 0.67, a motion of 9 pixels at 0.53.
        least_light: brightness 0 to 255 that one pixel in a hundred must exceed, or
        least_middle: that half of the pixels must reach. A boat on dark water shows where the
            water is above black: of 27 real photos whose brightest hundredth is below 40 none has
            its middle below 11. Where both are lower, noise and rounding hide what is there; where
            only the first is, the photo is dim.
        most_white_share: of pixels at 250 or more in all channels.
        least_spread: standard deviation of the grey values, or
        least_contrast: grey levels by which spots of 4 x 4 pixels differ.
        shallowest_pitch_deg: cameras that look less far down than this place nothing on the ground.
        same_rms: grey levels between two thumbnails below which they are the same picture.
    """

    least_side_px: int = 96
    most_blur: float = 0.55
    least_light: float = 40.0
    least_middle: float = 6.0
    most_white_share: float = 0.6
    least_spread: float = 2.0
    least_contrast: float = 20.0
    shallowest_pitch_deg: float = -10.0
    same_rms: float = 2.5


@dataclass(frozen=True, slots=True)
class PictureLook:
    """Figures of one decoded picture.

    Attributes:
        thumbnail: (32, 32) grey, float32.
    """

    blur: float
    light: float
    middle: float
    white_share: float
    spread: float
    contrast: float
    thumbnail: NDArray[np.float32]


def look_at(image: NDArray[np.uint8]) -> PictureLook:
    """Measure a picture (rows, columns, 3), which may be decoded at a lower scale."""
    factor = max(1, max(image.shape[:2]) // _LOOK_PX)
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if factor > 1 else image
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    spots_size = (max(1, grey.shape[1] // _SPOT_PX), max(1, grey.shape[0] // _SPOT_PX))
    spots = cv2.resize(grey, spots_size, interpolation=cv2.INTER_AREA)
    thumbnail = cv2.resize(grey, (_THUMB_PX, _THUMB_PX), interpolation=cv2.INTER_AREA)
    return PictureLook(
        blur=blur_of(grey),
        light=float(np.percentile(grey, 99)),
        middle=float(np.median(grey)),
        white_share=float((small.min(axis=2) >= 250).mean()),
        spread=float(grey.std()),
        contrast=float(np.ptp(spots)),
        thumbnail=thumbnail.astype(np.float32),
    )


def blur_of(grey: NDArray[np.uint8]) -> float:
    """Blur of a grey picture from 0 to 1, whatever its contrast.

    How much of the difference between neighbours survives another blur (Crete et al. 2007, "The
    blur effect", eq. 1-7, with their filter of 9 pixels), in the direction where more survives.
    """
    values = grey.astype(np.float32)
    blurs = []
    for axis, size in ((0, (1, 9)), (1, (9, 1))):
        before = np.abs(np.diff(values, axis=axis))
        after = np.abs(np.diff(cv2.blur(values, size), axis=axis))
        total = float(before.sum())
        lost = float(np.maximum(before - after, 0).sum())
        blurs.append((total - lost) / total if total > 0 else 0.0)
    return max(blurs)


def picture_flaws(look: PictureLook, limits: QualityLimits) -> list[str]:
    """Reasons not to use a picture, or to use it with care, each with its figure and the limit."""
    if look.light >= limits.least_light:
        return _flaws_in_light(look, limits)
    brightest = f"the brightest hundredth is at {look.light:.0f}"
    if look.middle >= limits.least_middle:
        least = f"below {limits.least_light:.0f} of 255"
        words = f"{Flaw.DIM}: {brightest}, {least}; what it does not show may still be there"
        return [words, *_flaws_in_light(look, limits)]
    least = f"{limits.least_light:.0f} or {limits.least_middle:.0f} of 255 is needed"
    return [f"{Flaw.DARK}: {brightest} and the middle at {look.middle:.0f}, {least}"]


def _flaws_in_light(look: PictureLook, limits: QualityLimits) -> list[str]:
    if look.white_share > limits.most_white_share:
        most = f"at most {limits.most_white_share:.0%} is allowed"
        return [f"{Flaw.OVEREXPOSED}: {look.white_share:.0%} of the picture is white, {most}"]
    if look.spread < limits.least_spread and look.contrast < limits.least_contrast:
        least = f"at least {limits.least_spread:.1f} is needed"
        return [f"{Flaw.EMPTY}: grey values spread by {look.spread:.1f} of 255, {least}"]
    if look.blur > limits.most_blur:
        most = f"at most {limits.most_blur:.2f} is allowed"
        return [f"{Flaw.BLURRED}: blur {look.blur:.2f} of 1, {most}"]
    return []


def size_flaws(width_px: int, height_px: int, limits: QualityLimits) -> list[str]:
    """Say whether a picture is too small to show anything."""
    if min(width_px, height_px) >= limits.least_side_px:
        return []
    least = f"each side needs at least {limits.least_side_px}"
    return [f"{Flaw.TINY}: {width_px} x {height_px} pixels, {least}"]


def with_scale_remarks(frames: Sequence[Frame], scale: SearchScale) -> tuple[Frame, ...]:
    """Add a remark to each photo whose middle is outside a model's range; it stops no search."""
    remarks = [_scale_remark(frame.gsd_m, scale) for frame in frames]
    return tuple(
        replace(frame, reasons=(*frame.reasons, remark)) if remark else frame
        for frame, remark in zip(frames, remarks, strict=True)
    )


def _scale_remark(gsd_m: float | None, scale: SearchScale) -> str:
    finest_m, coarsest_m = scale.gsd_range_m
    if gsd_m is None or finest_m <= gsd_m <= coarsest_m:
        return ""
    what = (
        f"{100 * gsd_m:.3g} cm per pixel in the middle, the model is for {100 * finest_m:g} to "
        f"{100 * coarsest_m:g} cm"
    )
    if gsd_m < finest_m:
        model_cm = f"{100 * scale.model_gsd_m:g} cm"
        return f"{Flaw.FINE}: {what}; it is searched at {model_cm}, and flying higher would do"
    return f"{Flaw.COARSE}: {what}; what it does not show may still be there: fly lower"


def with_accepted(frames: Sequence[Frame], flaws: Collection[str]) -> tuple[Frame, ...]:
    """Turn flaws that a person accepts into remarks, so that such photos are searched.

    What they do not show may still be there: see `shows_absence`.
    """
    return tuple(
        replace(
            frame,
            reasons=tuple(
                f"{ACCEPTED} {reason}" if flaw_of(reason) in flaws else reason
                for reason in frame.reasons
            ),
        )
        for frame in frames
    )


def find_duplicates(
    frames: Sequence[Frame], looks: Sequence[PictureLook | None], limits: QualityLimits
) -> dict[str, str]:
    """Map photo_id to the reason for photos that show the same as one shortly before them.

    The same bytes, or nearly the same picture of the same size from the same place (within 1 m
    and 2 degrees where poses are known); the earlier one stays.
    """
    reasons: dict[str, str] = {}
    first_by_hash: dict[str, str] = {}
    kept: list[tuple[Frame, PictureLook]] = []
    for frame, look in zip(frames, looks, strict=True):
        original = first_by_hash.setdefault(frame.sha256, frame.photo_id)
        if original != frame.photo_id:
            reasons[frame.photo_id] = f"{Flaw.DUPLICATE}: the same file as {original}"
            continue
        if look is None:
            continue
        for other, other_look in reversed(kept[-3:]):
            rms = float(np.sqrt(np.mean((look.thumbnail - other_look.thumbnail) ** 2)))
            if rms < limits.same_rms and look.spread > 4 * limits.same_rms and _near(frame, other):
                what = f"differs from {other.photo_id} by {rms:.1f} grey levels"
                reasons[frame.photo_id] = (
                    f"{Flaw.DUPLICATE}: {what}, at least {limits.same_rms:.1f} is needed"
                )
                break
        else:
            kept.append((frame, look))
    return reasons


def _near(frame: Frame, other: Frame) -> bool:
    if (frame.width_px, frame.height_px) != (other.width_px, other.height_px):
        return False
    if frame.pose is None or other.pose is None:
        return frame.pose is None and other.pose is None
    a, b = frame.pose, other.pose
    east_m = (a.position.lon_deg - b.position.lon_deg) * 111_320.0
    north_m = (a.position.lat_deg - b.position.lat_deg) * 110_574.0
    turned_deg = abs(a.attitude.pitch_deg - b.attitude.pitch_deg)
    return float(np.hypot(east_m, north_m)) < 1.0 and turned_deg < 2.0


def flaw_of(reason: str) -> str:
    """First word of a reason, for example `blurred`."""
    return reason.split(":", maxsplit=1)[0]


def is_worth_looking(frame: Frame) -> bool:
    """Whether detection should look at a photo: it can be read and nothing disqualifies it."""
    flaws = {flaw_of(reason) for reason in frame.reasons}
    return frame.is_readable and not flaws & DISQUALIFYING


def shows_absence(frame: Frame) -> bool:
    """Whether a thing that was not seen in a photo may be taken not to be there."""
    doubtful = any(r.startswith((Flaw.DIM, ACCEPTED)) for r in frame.reasons)
    return is_worth_looking(frame) and not doubtful
