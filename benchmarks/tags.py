"""Does every photo with odd tags end in a frame, whatever its tags hold?

    python -m benchmarks.tags --count 10000 --seed 1

Photos with spoiled EXIF entries and XMP properties (`benchmarks.odd_tags`) are read 25 at a time,
beside one sound photo that has to stay sound. The same seed gives the same photos.
"""

import argparse
import random
import struct
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks import odd_tags
from benchmarks.odd_tags import Entry
from geo.terrain import FlatTerrain
from vision.frame_table import read_frame_table, write_frames
from vision.frames import read_frames
from vision.model import Frame

TOGETHER = 25
NUMBERS = (
    *("nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "-1", "0", "0.3", "1e9", "9" * 400, "1_0"),
    *("65535", "-0", "٣", "1e999", "0x1f", "+12.5", "  7 ", "180", "-180", "181", "90", "91"),
)
WHOLE = (0, 1, 2, 7, 180, 2**31, 2**31 - 1, 2**32 - 1)


def _text(rng: random.Random) -> str:
    year, kind = rng.choice((0, 1, 1969, 1970, 2026, 2200, 9999)), rng.randrange(6)
    if kind == 0:
        hour, day = rng.randrange(25), rng.randrange(33)
        return (
            f"{year:04}:{rng.randrange(14):02}:{day:02} {hour:02}:{rng.randrange(61):02}:30.9999999"
        )
    if kind == 1:
        return f"{rng.choice('+-')}{rng.randrange(100):02}:{rng.randrange(100):02}"
    if kind == 2:
        return "2018;" + ",".join(rng.choice(NUMBERS) for _ in range(rng.randrange(7, 11)))
    if kind == 3:
        return "".join(chr(rng.randrange(rng.choice((127, 0xD800)))) for _ in range(20))
    if kind == 4:
        return repr(struct.unpack("<d", rng.randbytes(8))[0])
    return rng.choice(NUMBERS)


def _entry(rng: random.Random) -> Entry:
    kind, count = rng.randrange(5), rng.randrange(5)
    whole = [rng.choice((*WHOLE, rng.getrandbits(32))) for _ in range(2 * count)]
    if kind == 0:
        return odd_tags.text(_text(rng))
    if kind == 1:
        return odd_tags.rational(*zip(whole[::2], whole[1::2], strict=True))
    if kind == 2:
        return Entry(rng.choice((3, 4, 9, 10, 13)), struct.pack(f"<{len(whole)}I", *whole))
    return Entry(rng.choice((1, 7, 12, rng.randrange(18))), rng.randbytes(rng.randrange(33)))


def _spoiled(sound: Mapping[int, Entry], rng: random.Random) -> dict[int, Entry]:
    left = {tag: entry for tag, entry in sound.items() if rng.random() > 0.05}
    odd = rng.sample(sorted(sound), min(len(sound), rng.choice((0, 1, 1, 2, 4))))
    return left | {tag: _entry(rng) for tag in odd}


def odd_photo(rng: random.Random) -> bytes:
    """A photo of any maker, some of its tags spoiled or left out."""
    ifds = (odd_tags.MAIN, odd_tags.PHOTO, odd_tags.GPS)
    exif = odd_tags.exif_block(*(_spoiled(sound, rng) for sound in ifds))
    sound = odd_tags.XMP[rng.choice(sorted(odd_tags.XMP))]
    left = {name: value for name, value in sound.items() if rng.random() > 0.1}
    names = (*sound, "tiff:Orientation")
    odd = {rng.choice(names): _text(rng) for _ in range(rng.choice((0, 1, 1, 2, 4)))}
    xmp = odd_tags.xmp_packet(left | odd, escaped=rng.random() < 0.6)
    return odd_tags.photo_with(exif, xmp)


def read(rng: random.Random) -> tuple[Frame, ...]:
    """Frames of some odd photos, kept and read back as `ingest` does; the sound one comes last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(TOGETHER):
            (folder / f"odd{number:02}.jpg").write_bytes(odd_photo(rng))
        (folder / "sound.jpg").write_bytes(odd_tags.sound_photo())
        terrain = rng.choice((FlatTerrain(5.0), None))
        offset = rng.choice((8.0, None))
        frames = read_frames(folder, terrain=terrain, utc_offset_hours=offset, trust_edited=True)
        write_frames(folder / "frames.parquet", frames)
        assert read_frame_table(folder / "frames.parquet") == frames
        return frames


def main() -> None:
    """Read so many photos and count what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    told: Counter[str] = Counter()
    for batch in range(-(-asked.count // TOGETHER)):
        *odd, sound = read(random.Random(f"{asked.seed}/{batch}"))
        assert sound.is_located, f"batch {batch}: {sound}"
        assert not sound.reasons, f"batch {batch}: {sound}"
        assert all(frame.is_located or frame.reasons for frame in odd), f"batch {batch}"
        told.update(reason.partition(":")[0] for frame in odd for reason in frame.reasons)
        told.update(photos=len(odd), located=sum(frame.is_located for frame in odd))
    print(dict(told))


if __name__ == "__main__":
    main()
