"""Arguments and options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

Patrol = Annotated[Path, typer.Argument(help="Folder of the patrol.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write; made when absent.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings, a TOML file.")]
Grids = Annotated[
    Path | None,
    typer.Option("--grids", help="Grid cells: GeoJSON, GeoPackage, Shapefile or KML, any CRS."),
]
Zones = Annotated[
    Path | None,
    typer.Option("--zones", help="Zones: GeoPackage with layers farmland, closed_water..."),
]
Dem = Annotated[
    Path | None, typer.Option("--dem", help="Ground heights above mean sea level, GeoTIFF.")
]
Airspace = Annotated[
    Path | None, typer.Option(help="No-fly zones and ceilings; docs/airspace.md has the columns.")
]
Obstacles = Annotated[
    Path | None, typer.Option(help="Obstacles with heights; docs/airspace.md has the columns.")
]
Simulated = Annotated[
    Path, typer.Option("--simulated", help="Folder that `simulate` wrote; --arm reads it.")
]
SigningKey = Annotated[
    Path | None,
    typer.Option(
        "--signing-key", help="File with the MAVLink 2 signing key; or AEROGRID_SIGNING_KEY."
    ),
]
System = Annotated[
    int | None,
    typer.Option("--system", min=1, max=254, help="MAVLink system id; else the first heard."),
]
Adjust = Annotated[
    bool | None,
    typer.Option("--adjust/--no-adjust", help="Match overlapping photos and adjust their poses."),
]
Control = Annotated[
    Path | None,
    typer.Option("--gcp", help="Surveyed points marked in photos: gcp_list.txt of OpenDroneMap."),
]
Ortho = Annotated[
    Path | None, typer.Option("--ortho", help="Orthophoto on which photos are found again.")
]
Poses = Annotated[
    Path | None,
    typer.Option(
        "--poses", help="Poses found elsewhere: reconstruction.json, images.txt, .MRK or .csv."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
