"""The records of an ArduPilot dataflash log (.BIN), decoded from bytes that may be damaged; pure.

A record is A3 95, a type, and fields that a FMT record before it laid out. pymavlink's own reader
prints to the terminal and raises whatever a damaged file makes it raise, so the sixty lines of the
format are here; the tests hold them against it. Source: ArduPilot, libraries/AP_Logger/README.md.
"""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

MAGIC = b"\xa3\x95"
HEADER_BYTES = 3
FMT_TYPE, FMT_LAYOUT = 128, struct.Struct("<BB4s16s64s")
_CODES = {  # AP_Logger's letters: struct's letter, and what to multiply with
    "a": ("64s", None), "b": ("b", None), "B": ("B", None), "h": ("h", None), "H": ("H", None),
    "i": ("i", None), "I": ("I", None), "f": ("f", None), "d": ("d", None), "g": ("e", None),
    "n": ("4s", None), "N": ("16s", None), "Z": ("64s", None), "M": ("B", None), "q": ("q", None),
    "Q": ("Q", None), "c": ("h", 0.01), "C": ("H", 0.01), "e": ("i", 0.01), "E": ("I", 0.01),
    "L": ("i", 1e-7),
}  # fmt: skip
Fields = dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    length: int
    columns: tuple[str, ...]
    layout: struct.Struct
    factors: tuple[float | None, ...]

    def decode(self, body: bytes) -> Fields:
        values = zip(self.columns, self.layout.unpack(body), self.factors, strict=True)
        return {name: _value(value, factor) for name, value, factor in values}


@dataclass(slots=True)
class Damage:
    """What was met while reading.

    Attributes:
        skipped_bytes: that belong to no record.
        cut_off: whether the file ends within a record.
        odd_records: counted by whoever found no sense in their values.
    """

    skipped_bytes: int = 0
    cut_off: bool = False
    odd_records: int = 0

    def words(self) -> tuple[str, ...]:
        """The same in words; empty for a sound file."""
        found = []
        if self.cut_off:
            found.append("the file ends within a record; the log was cut off")
        if self.skipped_bytes:
            found.append(f"{self.skipped_bytes} bytes belong to no record and were passed over")
        if self.odd_records:
            found.append(f"{self.odd_records} records hold impossible values and were left out")
        return tuple(found)


def records(data: bytes, wanted: Collection[str], damage: Damage) -> Iterator[tuple[str, Fields]]:
    """Decode the records of some names, in order; after damage go on at the next sound one."""
    formats: dict[int, _Format] = {}
    position = 0
    while 0 <= position <= len(data) - HEADER_BYTES:
        kind = data[position + 2]
        known = formats.get(kind)
        length = HEADER_BYTES + FMT_LAYOUT.size if kind == FMT_TYPE else known and known.length
        if data[position : position + 2] != MAGIC or not length:
            found = data.find(MAGIC, position + 1)
            step = (found if found >= 0 else len(data)) - position
            position, damage.skipped_bytes = position + step, damage.skipped_bytes + step
            continue
        body = data[position + HEADER_BYTES : position + length]
        if len(body) < length - HEADER_BYTES:
            break
        position += length
        if kind == FMT_TYPE:
            number, made = _format(body)
            if made is not None:
                formats[number] = made
        elif known is not None and known.name in wanted:
            yield known.name, known.decode(body)
    damage.cut_off = position < len(data)


def _format(body: bytes) -> tuple[int, _Format | None]:
    """The layout that a FMT record declares; None for one that contradicts itself."""
    number, length, name, letters, columns = FMT_LAYOUT.unpack(body)
    codes = [_CODES.get(letter) for letter in _text(letters)]
    names = tuple(_text(columns).split(",")) if _text(columns) else ()
    known = [code for code in codes if code is not None]
    layout = struct.Struct("<" + "".join(letter for letter, _ in known))
    sound = len(known) == len(codes) == len(names) and layout.size == length - HEADER_BYTES
    if not sound or not names:
        return number, None
    return number, _Format(_text(name), length, names, layout, tuple(f for _, f in known))


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("ascii", errors="replace")


def _value(value: float | int | bytes, factor: float | None) -> float | int | str:
    if isinstance(value, bytes):
        return _text(value)
    return value if factor is None else value * factor
