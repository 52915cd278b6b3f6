"""Write through a limit on file size, as on a full disk; run in a process of its own."""

import resource
import signal
import sys
from pathlib import Path

import numpy as np
import shapely
from affine import Affine

from geo.files import WriteError, replacing
from geo.formats import write_features
from geo.frames import LocalFrame
from geo.orthophoto import Orthophoto
from geo.raster import write_orthophoto

LIMIT_BYTES = 60_000
RECORDS = [{"geometry": shapely.box(i / 100, 0, i / 100 + 0.005, 1)} for i in range(800)]


def orthophoto(folder: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 400, 4), dtype=np.uint8)
    made = Orthophoto(noise, Affine(0.1, 0, 0, 0, -0.1, 0))
    write_orthophoto(folder / "map.tif", made, LocalFrame(120.0, 32.0))


def layer(folder: Path) -> None:
    write_features(folder / "cases.gpkg", "cases", RECORDS)


def layer_in_a_folder(folder: Path) -> None:
    with replacing(folder / "report") as temporary:
        temporary.mkdir()
        layer(temporary)


if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, resource.RLIM_INFINITY))
    try:
        {f.__name__: f for f in (orthophoto, layer, layer_in_a_folder)}[sys.argv[1]](
            Path(sys.argv[2])
        )
    except WriteError as error:
        sys.exit(f"{error}")
