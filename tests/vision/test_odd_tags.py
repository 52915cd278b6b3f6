"""One photo's tags may hold anything: it gets a reason, and its neighbours stay as they are.

Few examples by default; AEROGRID_EXAMPLES=10000 for the whole.
"""

import math
import os
import struct
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import odd_tags
from benchmarks.odd_tags import Entry
from geo.pose import Attitude, GeoPoint
from geo.terrain import FlatTerrain
from geo.track import CameraEvent
from vision.frame_table import read_frame_table, write_frames
from vision.frames import read_frames
from vision.poses import ClockRules

# Pillow says what it repairs; outside of tests vision.images keeps that off the terminal.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::UserWarning:PIL.{module}")
    for module in ("TiffImagePlugin", "JpegImagePlugin", "Image")
]
EXAMPLES = int(os.environ.get("AEROGRID_EXAMPLES", "100"))
TERRAIN = FlatTerrain(5.0)
MAKERS = st.sampled_from(sorted(odd_tags.XMP))
NUMBERS = st.sampled_from(
    ["nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "-1", "0", "0.3", "1e9", "9" * 400, "1_0"]
)
TIMES = st.builds(
    "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}{}".format,
    st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32), st.integers(0, 24),
    st.integers(0, 60), st.integers(0, 61), st.sampled_from(["", ".9999999", ".5", "Z"]),
)  # fmt: skip
ZONES = st.builds("{}{:02d}:{:02d}".format, st.sampled_from("+-"), *2 * [st.integers(0, 99)])
LISTS = st.lists(NUMBERS, min_size=8, max_size=10).map(lambda n: "2018-09-06;" + ",".join(n))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TEXTS = NUMBERS | TIMES | ZONES | LISTS | WORDS | st.floats().map(str) | st.integers().map(str)
LONG = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31, 2**32 - 1])


def packed(kind: int, form: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Entry]:
    lists = st.lists(values, max_size=4)
    return lists.map(lambda found: Entry(kind, struct.pack(f"<{len(found)}{form}", *found)))


ENTRIES = st.one_of(
    TEXTS.map(odd_tags.text),
    st.lists(st.tuples(LONG, LONG), max_size=4).map(lambda pairs: odd_tags.rational(*pairs)),
    packed(3, "H", st.integers(0, 65535)),
    packed(4, "I", LONG),
    packed(9, "i", st.integers(-(2**31), 2**31 - 1)),
    packed(12, "d", st.floats()),
    st.builds(Entry, st.integers(0, 14), st.binary(max_size=30)),
)


def mutations(sound, values):
    names = st.sampled_from(sorted(sound))
    return st.dictionaries(names, values, max_size=4).map(lambda odd: {**sound, **odd})


def exif_blocks():
    ifds = (odd_tags.MAIN, odd_tags.PHOTO, odd_tags.GPS)
    return st.builds(odd_tags.exif_block, *(mutations(sound, ENTRIES) for sound in ifds))


@st.composite
def packets(draw):
    sound = odd_tags.XMP[draw(MAKERS)]
    names = st.sampled_from(sorted(sound)) | st.just("tiff:Orientation")
    left = {name: value for name, value in sound.items() if draw(st.integers(0, 9)) > 0}
    odd = draw(st.dictionaries(names, TEXTS, max_size=4))
    return odd_tags.xmp_packet(left | odd, escaped=draw(st.booleans()))


def release(index):
    time = datetime(2026, 6, 1, 3, 0, tzinfo=UTC) + timedelta(seconds=2 * index)
    return CameraEvent(index, time, GeoPoint(119.3, 33.2, 105.0), 100.0, Attitude(0.0, -90.0))


EVENTS = tuple(release(index) for index in range(3))


def read_beside_sound_ones(odd: bytes, **options):
    """The odd photo's frame; its two neighbours are checked and kept on disk as `ingest` does."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.jpg").write_bytes(odd)
        (folder / "b.jpg").write_bytes(odd_tags.sound_photo())
        frame, good = read_frames(folder, **options)
        write_frames(folder / "frames.parquet", (frame, good))
        assert read_frame_table(folder / "frames.parquet") == (frame, good)
    assert good.reasons == ()
    assert good.is_located
    place = good.pose.position
    assert (place.lon_deg, place.lat_deg) == (119.3, 33.2)
    assert place.altitude_amsl_m == pytest.approx(105.0, abs=60.0)
    assert good.gsd_m == pytest.approx(100 / 108.5, rel=0.7)
    return frame


def figures(frame):
    found = [frame.gsd_m] if frame.gsd_m is not None else []
    if frame.camera is not None:
        *numbers, distortion, sigma = astuple(frame.camera)
        found += [*numbers, *distortion, sigma]
    if frame.pose is not None:
        found += [*astuple(frame.pose.position), *astuple(frame.pose.attitude)]
        found += astuple(frame.pose.sigma)
    return found


@pytest.mark.parametrize("maker", sorted(odd_tags.XMP))
def test_a_sound_photo_of_each_maker_is_located(tmp_path, maker):
    (tmp_path / "p.jpg").write_bytes(odd_tags.sound_photo(maker))
    (frame,) = read_frames(tmp_path, terrain=TERRAIN)
    assert (frame.reasons, frame.is_located) == ((), True)
    assert frame.pose.attitude.pitch_deg == -90.0
    assert frame.pose.position.altitude_amsl_m == 105.0


@settings(max_examples=EXAMPLES)
@given(
    exif=exif_blocks(),
    xmp=packets(),
    terrain=st.sampled_from([TERRAIN, None]),
    events=st.sampled_from([EVENTS, ()]),
    utc_offset_hours=st.sampled_from([8.0, None]),
    trust_edited=st.booleans(),
)
def test_odd_tags_cost_one_photo_at_most(exif, xmp, events, **options):
    clock = ClockRules(300.0)
    odd = odd_tags.photo_with(exif, xmp)
    frame = read_beside_sound_ones(odd, events=events, clock=clock, **options)
    assert all(math.isfinite(figure) for figure in figures(frame))
    assert frame.is_located or frame.reasons


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        (0x9011, "+24:00", "clock: its time zone '+24:00' is none and does not count"),
        (0x9011, "+99:99", "clock: its time zone '+99:99' is none and does not count"),
        (0x9003, "0001:01:01 00:00:00", "clock: its time '0001:01:01 00:00:00' is none and does "),
        (0x9003, "9999:12:31 23:59:59", "clock: its time '9999:12:31 23:59:59' is none and does "),
    ],
)
def test_a_time_or_zone_of_nowhere_is_remarked_and_leaves_the_photo_located(tag, value, words):
    photo = {**odd_tags.PHOTO, tag: odd_tags.text(value)}
    xmp = {n: v for n, v in odd_tags.XMP["dji"].items() if "UTCAt" not in n}
    exif = odd_tags.exif_block(odd_tags.MAIN, photo, odd_tags.GPS)
    odd = odd_tags.photo_with(exif, odd_tags.xmp_packet(xmp))
    frame = read_beside_sound_ones(odd, terrain=TERRAIN)
    assert frame.is_located
    (remark,) = frame.reasons
    assert remark.startswith(words)


@pytest.mark.parametrize(
    "odd", [odd_tags.rational((0, 0)), Entry(3, bytes(4)), odd_tags.text("nan")]
)
def test_a_turned_photo_with_odd_tags_is_shown_upright(odd):
    """Pillow writes the tags of a photo anew when it turns it, and these it cannot write."""
    main = {**odd_tags.MAIN, 0x0112: odd_tags.short(6)}
    gps = {**odd_tags.GPS, 0x01: odd, 0x02: odd}
    exif = odd_tags.exif_block(main, odd_tags.PHOTO, gps)
    xmp = odd_tags.xmp_packet(odd_tags.XMP["dji"])
    frame = read_beside_sound_ones(odd_tags.photo_with(exif, xmp), terrain=TERRAIN)
    assert (frame.width_px, frame.height_px) == (odd_tags.HEIGHT_PX, odd_tags.WIDTH_PX)


@pytest.mark.parametrize(
    ("tag", "entry"),
    [
        (0x02, odd_tags.text("33")),  # once read as 3 degrees 3 minutes
        (0x02, odd_tags.rational((33, 1), (0, 0), (0, 1))),
        (0x04, odd_tags.rational(*[(119, 1)] * 5)),
    ],
)
def test_a_place_that_is_no_angle_is_none(tag, entry):
    exif = odd_tags.exif_block(odd_tags.MAIN, odd_tags.PHOTO, {**odd_tags.GPS, tag: entry})
    xmp = {n: v for n, v in odd_tags.XMP["dji"].items() if "Gps" not in n}
    frame = read_beside_sound_ones(odd_tags.photo_with(exif, odd_tags.xmp_packet(xmp)))
    assert frame.reasons == ("no pose: no GNSS position in its tags",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("AbsoluteAltitude", "1e308"), ("DewarpData", "d;1,1,0,0,0,0,0,0,0"), ("RtkStdHgt", "-5")],
)
def test_what_cannot_be_gives_way_to_the_next_best(name, value):
    exif = odd_tags.exif_block(odd_tags.MAIN, odd_tags.PHOTO, odd_tags.GPS)
    xmp = odd_tags.xmp_packet({**odd_tags.XMP["dji"], f"drone-dji:{name}": value})
    frame = read_beside_sound_ones(odd_tags.photo_with(exif, xmp), terrain=TERRAIN)
    assert frame.is_located
    assert frame.pose.position.altitude_amsl_m == 105.0
    assert frame.camera.focal_px == pytest.approx(107, abs=2)
    assert frame.pose.sigma.vertical_m == (3.0 if name == "RtkStdHgt" else 0.05)


@pytest.mark.parametrize("size", [Entry(9, struct.pack("<i", -160)), Entry(12, bytes(8))])
def test_a_size_that_no_picture_has_does_not_count(size):
    photo = {**odd_tags.PHOTO, 0xA002: size}
    exif = odd_tags.exif_block(odd_tags.MAIN, photo, odd_tags.GPS)
    odd = odd_tags.photo_with(exif, odd_tags.xmp_packet(odd_tags.XMP["dji"]))
    frame = read_beside_sound_ones(odd, terrain=TERRAIN)
    assert (frame.is_located, frame.reasons) == (True, ())
