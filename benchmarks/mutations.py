"""How valid files are spoiled: bytes, numbers, nesting, archives and frames; seeded, pure."""

import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pymavlink.dialects.v20 import ardupilotmega as mavlink

Mutator = Callable[[bytes, random.Random], bytes]

NUMBERS = (
    *("nan", "inf", "-inf", "NaN", "1e999", "-1e999", "1e308", "-1e308", "5e-324", "-0.0", "0x10"),
    *("0", "-1", "91", "181", "65536", "4294967296", "9223372036854775808", "-9223372036854775809"),
    *("9" * 400, "1" + "0" * 5000, "1_000", "１２", "1,5", "", "null", "true", '"7"', "[]", "{}"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "x", "9" * 400, [], {}, [[]], {"a": 1}, 0, -1, 16, 22, 5001),
    *(65536, 2**31, 2**63, 10**400, -(10**400), 1e308, -1e308, 1e-320, float("nan"), float("inf")),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_BOMB_BYTES, _BOMB_ELEMENTS = 40 * 1024 * 1024, 5_000_000
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENTITY_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><l>&m;</l>"
)
_OUTSIDE_ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hosts">]><l>&x;</l>'
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Flip bits, cut, repeat, swap or overwrite a few stretches."""
    content = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        at, length = rng.randrange(len(content) + 1), rng.randint(1, 60)
        kind = rng.randrange(7)
        if kind == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del content[at : at + length]
        elif kind == 2:
            content[at:at] = content[at : at + length] * rng.choice((1, 2, 30))
        elif kind == 3:
            content[at : at + length] = rng.randbytes(rng.randint(0, length))
        elif kind == 4:
            content[at : at + 4] = rng.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"))
        elif kind == 5 and rng.random() < 0.3:
            del content[at:]
        else:
            other = rng.randrange(len(content) + 1)
            content[at:at] = content[other : other + length]
    return bytes(content)


def renumbered(data: bytes, rng: random.Random) -> bytes:
    """Put impossible numbers, or none, in place of some numbers of a text."""
    places = list(_NUMBER.finditer(data))
    content = data
    for place in sorted(
        rng.sample(places, min(len(places), rng.randint(1, 3))), key=lambda p: -p.start()
    ):
        number = rng.choice(NUMBERS).encode()
        content = content[: place.start()] + number + content[place.end() :]
    return content


def nested(data: bytes, rng: random.Random) -> bytes:
    """Open many brackets, objects or elements, in front of, in or instead of a text."""
    opening = rng.choice((b"[", b'{"a":', b"<a>", b"(", b"["))
    many = opening * rng.choice((50, 900, 5_000, 100_000))
    at = rng.randrange(len(data) + 1)
    return rng.choice((many, many + data, data[:at] + many + data[at:]))


def restructured(data: bytes, rng: random.Random) -> bytes:
    """Change values of a JSON document to others, of other kinds too, or drop and repeat them."""
    document = json.loads(data)
    for _ in range(rng.randint(1, 3)):
        holder, key = _random_place(document, rng)
        if holder is None:
            continue
        kind = rng.randrange(5)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, list):
            holder[key:key] = [holder[key]] * rng.choice((1, 2, 300))
        elif kind == 2 and isinstance(holder, dict):
            holder[rng.choice(("type", "x", ""))] = holder.pop(key)
        else:
            holder[key] = rng.choice(VALUES)
    return json.dumps(document).encode()


def _random_place(document: Any, rng: random.Random) -> tuple[Any, Any]:
    """A list or object within a document and a key in it."""
    holder, key = None, None
    while isinstance(document, list | dict) and document:
        holder = document
        key = rng.randrange(len(holder)) if isinstance(holder, list) else rng.choice(list(holder))
        document = holder[key]
        if rng.random() < 0.15:
            break
    return holder, key


def entangled(data: bytes, rng: random.Random) -> bytes:
    """Make XML hostile: entities that explode or reach out, doubled and renamed elements."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice((_ENTITY_BOMB, _OUTSIDE_ENTITY))
    if kind == 1:
        inside = _ENTITY_BOMB.partition(b"?>")[2].partition(b"<l>")[0]
        return data.replace(b"?>", b"?>" + inside, 1)
    tags = list(re.finditer(rb"<(/?)([\w:]+)", data))
    tag = rng.choice(tags)
    if kind == 2:
        return data.replace(
            tag.group(2), rng.choice((b"x", b"wpml:index", b"Folder", b"coordinates"))
        )
    end = data.find(b"</" + tag.group(2), tag.end())
    return data[:end] + data[tag.start() : end] * rng.choice((1, 3, 200)) + data[end:]


def repacked(inner: Mapping[str, Mutator]) -> Mutator:
    """Spoil one document within an archive, or the archive around the documents."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = rng.choice(sorted(members))
        kind = rng.randrange(12)
        if kind == 0:
            members[name] = rng.choice((_zeros, _elements))()
        elif kind == 1:
            members |= {f"{n}.txt": b"" for n in range(rng.choice((3, 300, 3000)))}
        elif kind == 2:
            members[rng.choice(("../up", "/abs", "a\\b", "C:x", "x\u0000y", "x" * 4000))] = b"x"
        elif kind == 3:
            members.pop(name)
        else:
            mutator = inner[rng.choice(sorted(inner))]
            members[name] = mutator(members[name], rng)
        return _archive(members, rng.choice(_WAYS) if kind > 9 else zipfile.ZIP_DEFLATED)

    return mutate


def _archive(members: Mapping[str, bytes], way: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", way, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@cache
def _zeros() -> bytes:
    return bytes(_BOMB_BYTES)


@cache
def _elements() -> bytes:
    return b"<a>" * _BOMB_ELEMENTS


def reclaimed(data: bytes, rng: random.Random) -> bytes:
    """Let an archive's directory claim other sizes, counts, flags and ways of packing."""
    content = bytearray(data)
    marks = [m.start() for m in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    at = rng.choice(marks) + rng.randrange(4, 46)
    value = rng.choice((0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, rng.getrandbits(32)))
    content[at : at + 4] = struct.pack("<I", value)
    return bytes(content)


STAMP = struct.Struct(">Q")
_KINDS = tuple(mavlink.mavlink_map.values())
_WATCHED = tuple(
    getattr(mavlink, f"MAVLink_{name}_message")
    for name in (
        *("heartbeat", "extended_sys_state", "global_position_int", "system_time", "statustext"),
        *("mission_current", "sys_status", "home_position", "gps_raw_int", "param_value"),
        *("camera_feedback", "mission_item_reached", "fence_status", "ekf_status_report"),
    )
)
_WHOLE = {"b": 8, "B": 8, "h": 16, "H": 16, "i": 32, "I": 32, "q": 64, "Q": 64}


def reframed(data: bytes, rng: random.Random) -> bytes:
    """Add sound MAVLink frames with extreme values in any field, some of the recorded vehicle."""
    mav = mavlink.MAVLink(None, rng.choice((1, 1, 1, 255, 0)), rng.choice((1, 1, 190)))
    frames = []
    for _ in range(rng.randint(1, 20)):
        kind = rng.choice(_WATCHED if rng.random() < 0.8 else _KINDS)
        message = kind(*[_extreme(kind, place, rng) for place in kind.orders])
        stamp = rng.choice((0, 1_700_000_000_000_000, 2**64 - 1, rng.getrandbits(64)))
        frames.append(
            STAMP.pack(stamp)
            + bytes(message.pack(mav, force_mavlink1=kind.id < 256 and rng.random() < 0.1))
        )
    added = b"".join(frames)
    return rng.choice((added, data + added, added + data))


def _extreme(kind: Any, place: int, rng: random.Random) -> Any:
    """A value for the field at a place on the wire, most often at the end of its range."""
    letter = kind.native_format.decode().lstrip("<>")[place]
    count = kind.array_lengths[place]
    if letter == "c":
        count = max(count, 1)
        return rng.choice((b"", b"\xff" * count, b"9" * count, rng.randbytes(count)))
    values = [_extreme_number(letter, rng) for _ in range(count or 1)]
    return values if count else values[0]


def _extreme_number(letter: str, rng: random.Random) -> float:
    if letter in "fd":
        return rng.choice((0.0, 1.0, -1e30, 3e38, float("nan"), float("inf"), rng.gauss(0, 100)))
    bits = _WHOLE.get(letter, 8)
    if letter.isupper():
        return rng.choice((0, 1, 3, 2**bits - 1, 2 ** (bits - 1), rng.getrandbits(bits)))
    half = 2 ** (bits - 1)
    return rng.choice((0, 1, -1, half - 1, -half, rng.getrandbits(bits) - half))


def reannounced(data: bytes, rng: random.Random) -> bytes:
    """Change the announced lengths and numbers of frames and records, not what follows."""
    content = bytearray(data)
    marks = [m.start() for m in re.finditer(rb"\xfd|\xfe|\xa3\x95", data)]
    for _ in range(rng.randint(1, 4)):
        at = (rng.choice(marks) if marks else 0) + rng.randint(1, 10)
        if at < len(content):
            content[at] = rng.choice((0, 1, 127, 128, 254, 255, rng.randrange(256)))
    return bytes(content)


_EXTREMES = tuple(
    struct.pack(code, value)
    for code, values in (
        ("<f", (float("nan"), float("inf"), -3e38)),
        ("<d", (float("nan"), float("-inf"), 1e300)),
        ("<i", (2**31 - 1, -(2**31), 0)),
        ("<Q", (2**64 - 1, 2**63, 0)),
    )
    for value in values
)


def overwritten(data: bytes, rng: random.Random) -> bytes:
    """Put extreme numbers into records of a dataflash log, which have no checksum."""
    content = bytearray(data)
    marks = [m.start() for m in re.finditer(rb"\xa3\x95", data)]
    for _ in range(rng.randint(1, 12)):
        at, value = rng.choice(marks) + 3 + rng.randrange(60), rng.choice(_EXTREMES)
        content[at : at + len(value)] = value
    return bytes(content)
