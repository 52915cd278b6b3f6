"""Photos whose tags hold anything: EXIF entries of any type and XMP of every maker; pure."""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import quoteattr

import numpy as np
from PIL import Image

_ENTRY = struct.Struct("<HHI4s")
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_MAKERS = {
    "drone-dji": "http://www.dji.com/drone-dji/1.0/",
    "drone": "http://www.autelrobotics.com/drone/1.0/",
    "drone-autel": "http://www.autelrobotics.com/drone-autel/1.0/",
    "drone-parrot": "http://www.parrot.com/drone-parrot/1.0/",
    "drone-skydio": "http://www.skydio.com/drone-skydio/1.0/",
    "Camera": "http://pix4d.com/camera/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "FLIR": "http://ns.flir.com/xmp/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
}
WIDTH_PX, HEIGHT_PX = 160, 120


@dataclass(frozen=True, slots=True)
class Entry:
    """A value as EXIF stores it: 1 byte, 2 text, 3 short, 4 long, 5 rational, 7 any, 12 double."""

    kind: int
    content: bytes

    @property
    def count(self) -> int:
        """Values in it, rounded down as a careless writer would."""
        return len(self.content) // _SIZES.get(self.kind, 1)


def text(value: str) -> Entry:
    """Text with the end that EXIF asks for."""
    return Entry(2, value.encode() + b"\0")


def rational(*values: tuple[int, int]) -> Entry:
    """Numerators and denominators."""
    return Entry(5, b"".join(struct.pack("<II", *value) for value in values))


def short(value: int) -> Entry:
    """One number of 16 bits."""
    return Entry(3, struct.pack("<H", value))


MAIN = {0x010F: text("DJI"), 0x0110: text("FC6310"), 0x0112: short(1), 0x0131: text("v01.2")}
PHOTO = {
    0x9003: text("2026:06:01 11:00:00"), 0x9011: text("+08:00"), 0x9291: text("25"),
    0x920A: rational((88, 10)), 0xA405: short(24),
    0xA002: short(WIDTH_PX), 0xA003: short(HEIGHT_PX),
}  # fmt: skip
GPS = {
    0x01: text("N"), 0x02: rational((33, 1), (12, 1), (0, 1)), 0x03: text("E"),
    0x04: rational((119, 1), (18, 1), (0, 1)), 0x05: Entry(1, b"\0"), 0x06: rational((105, 1)),
}  # fmt: skip
_DOWN = {"Yaw": "30.0", "Pitch": "-90.0", "Roll": "0.0"}
XMP = {
    "dji": {
        **{f"drone-dji:Gimbal{axis}Degree": value for axis, value in _DOWN.items()},
        "drone-dji:AbsoluteAltitude": "+105.00",
        "drone-dji:RelativeAltitude": "+100.00",
        "drone-dji:GpsLatitude": "33.2",
        "drone-dji:GpsLongitude": "119.3",
        "drone-dji:AltitudeType": "GpsFusionAlt",
        "drone-dji:FlightYawDegree": "+30.00",
        "drone-dji:UTCAtExposure": "2026-06-01T03:00:00.250000",
        "drone-dji:RtkFlag": "50",
        "drone-dji:RtkStdLon": "0.01",
        "drone-dji:RtkStdHgt": "0.02",
        "drone-dji:DewarpFlag": "0",
        "drone-dji:DewarpData": "2018-09-06;108.5,108.5,0.3,-0.5,-0.26,0.11,0.0008,0.0003,-0.03",
        "drone-dji:CalibratedFocalLength": "107.1",
        "drone-dji:CalibratedOpticalCenterX": "80.0",
        "drone-dji:CalibratedOpticalCenterY": "60.0",
        "xmp:CreatorTool": "",
    },
    "autel": {
        **{f"drone:Gimbal{axis}Degree": value for axis, value in _DOWN.items()},
        "drone:AbsoluteAltitude": "105.0",
        "drone:RelativeAltitude": "100.0",
    },
    "autel, newer": {
        **{f"drone-autel:Gimbal{axis}Degree": value for axis, value in _DOWN.items()},
        "drone-autel:AbsoluteAltitude": "105.0",
        "drone-autel:RelativeAltitude": "100.0",
    },
    "parrot": {
        **{f"drone-parrot:Camera{axis}Degree": value for axis, value in _DOWN.items()},
        "drone-parrot:RelativeAltitude": "100.0",
    },
    "skydio": {
        **{f"drone-skydio:CameraOrientationNED:{axis}": value for axis, value in _DOWN.items()},
        "drone-skydio:AbsoluteAltitude": "105.0",
        "drone-skydio:RelativeAltitude": "100.0",
    },
    "sensefly": {f"Camera:{axis}": "0.0" for axis in _DOWN},
}
"""Properties of a sound photo that looks straight down from 100 m, by maker."""


def exif_block(
    main: Mapping[int, Entry], photo: Mapping[int, Entry], gps: Mapping[int, Entry]
) -> bytes:
    """EXIF as a camera writes it, whatever the entries hold."""
    links = {_EXIF_IFD: Entry(4, bytes(4)), _GPS_IFD: Entry(4, bytes(4))}
    places, at = [], 8
    for entries in ({**main, **links}, photo, gps):
        places.append(at)
        at += len(_directory(entries, 0))
    links = {
        tag: Entry(4, struct.pack("<I", place))
        for tag, place in zip((_EXIF_IFD, _GPS_IFD), places[1:], strict=True)
    }
    whole = zip(({**main, **links}, photo, gps), places, strict=True)
    return b"Exif\0\0II*\0\x08\0\0\0" + b"".join(_directory(e, place) for e, place in whole)


def _directory(entries: Mapping[int, Entry], at: int) -> bytes:
    head = struct.pack("<H", len(entries))
    beside_at = at + 2 + _ENTRY.size * len(entries) + 4
    rows, beside = b"", b""
    for tag, entry in sorted(entries.items()):
        value = entry.content
        if len(value) > 4:
            value = struct.pack("<I", beside_at + len(beside))
            beside += entry.content
        rows += _ENTRY.pack(tag, entry.kind, entry.count, value.ljust(4, b"\0"))
    return head + rows + bytes(4) + beside


def xmp_packet(properties: Mapping[str, str], *, escaped: bool = True) -> bytes:
    """An XMP packet; a name of three parts is a field of a structure.

    Args:
        properties: values by prefixed name.
        escaped: False writes values as they are, so that some break the packet.
    """
    quote = quoteattr if escaped else '"{}"'.format
    spaces = " ".join(f'xmlns:{prefix}="{place}"' for prefix, place in _MAKERS.items())
    flat = " ".join(f"{n}={quote(v)}" for n, v in properties.items() if n.count(":") == 1)
    nested: dict[str, list[str]] = {}
    for name, value in properties.items():
        if name.count(":") == 2:
            prefix, owner, field = name.split(":")
            nested.setdefault(f"{prefix}:{owner}", []).append(f"{prefix}:{field}={quote(value)}")
    inside = "".join(f"<{owner} {' '.join(fields)}/>" for owner, fields in nested.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        f'syntax-ns#"><rdf:Description {spaces} {flat}>{inside}</rdf:Description></rdf:RDF>'
        "</x:xmpmeta>"
    ).encode("utf-8", errors="surrogatepass")


def sound_photo(maker: str = "dji") -> bytes:
    """A photo of a maker with nothing odd, of another picture than `photo_with` gives."""
    return photo_with(exif_block(MAIN, PHOTO, GPS), xmp_packet(XMP[maker]), seed=1)


def photo_with(exif: bytes, xmp: bytes, *, seed: int = 0) -> bytes:
    """A sharp JPEG of 160 x 120 pixels with these tags; another seed gives another picture."""
    plain = _picture(seed)
    head = b"http://ns.adobe.com/xap/1.0/\0"
    parts = [part for part in (exif, head + xmp if xmp else b"") if part]
    return plain[:2] + b"".join(_segment(part) for part in parts) + plain[2:]


def _segment(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


@cache
def _picture(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (HEIGHT_PX // 8, WIDTH_PX // 8, 3), dtype=np.uint8)
    picture = coarse.repeat(8, axis=0).repeat(8, axis=1).astype(int)
    noisy = np.clip(picture + rng.integers(-20, 20, (HEIGHT_PX, WIDTH_PX, 1)), 0, 255)
    out = io.BytesIO()
    Image.fromarray(noisy.astype(np.uint8)).save(out, "JPEG", quality=92)
    return out.getvalue()
