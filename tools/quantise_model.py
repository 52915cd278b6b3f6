"""Quantise a model that was packaged before to 8 bits and name the file in its manifest.

Example: python tools/quantise_model.py vision/models/patrol.toml --data DATA
DATA is laid out as docs/training.md says; its training pictures say how large values become.
`aerogrid package` does the same for a model that it writes.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from vision.data_folders import data_folder
from vision.loading import load_source
from vision.package import load_package
from vision.quantising import calibration_tiles, quantise


def main() -> None:
    """Parse arguments, draw tiles, quantise, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, help="the run file; else what the folder holds")
    arguments = parser.parse_args()
    package = load_package(arguments.manifest)
    folder = data_folder(arguments.data, arguments.config)
    tiles = []
    for source in folder.sources:
        data = load_source(source, folder.root, "train")
        tiles += calibration_tiles(data, package.model_gsd_m, package.tile_px)
        print(f"{source.name}: {len(data.pictures)} pictures")
    made = quantise(arguments.manifest, tiles)
    print(f"{made.path}: {made.path.stat().st_size / 1e6:.1f} MB from {len(tiles)} tiles")


if __name__ == "__main__":
    main()
