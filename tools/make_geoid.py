"""Make geo/egm96_15.tif from egm96_15.gtx, which Debian's proj-data brings; public domain (NGA).

python tools/make_geoid.py /usr/share/proj/egm96_15.gtx
"""

import sys
from pathlib import Path

import numpy as np
import rasterio

TARGET = Path(__file__).resolve().parents[1] / "geo" / "egm96_15.tif"


def main(source: Path) -> None:
    """Store heights as whole centimetres, a quarter of the size; the model errs by half a metre."""
    with rasterio.open(source) as grid:
        centimetres = np.round(grid.read(1) * 100).astype(np.int16)
        profile = {"crs": "EPSG:4326", "transform": grid.transform}
        rows, columns = grid.shape
    with rasterio.open(
        TARGET, "w", driver="GTiff", dtype="int16", count=1, width=columns, height=rows,
        compress="deflate", predictor=2, zlevel=9, **profile,
    ) as out:  # fmt: skip
        out.write(centimetres, 1)
        out.scales = (0.01,)
        out.update_tags(1, description="EGM96 geoid above the WGS 84 ellipsoid, metres")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
