"""Options of `aerogrid plan`; the word before a colon says which kind of mission has it."""

from pathlib import Path
from typing import Annotated

import typer

Cells = Annotated[Path | None, typer.Option("--grids", help="Grid cells, any CRS.")]
Mission = Annotated[
    str, typer.Option(help="survey, crosshatch, patrol, oblique, lookout, corridor or revisit.")
]
Drone = Annotated[str | None, typer.Option(help="Key of the drone library.")]
OnlyCells = Annotated[list[str] | None, typer.Option(help="Only this cell; repeatable.")]
Height = Annotated[float | None, typer.Option(help="Metres above ground.")]
Gsd = Annotated[float | None, typer.Option(help="Instead: centimetres per pixel.")]
Follow = Annotated[
    float | None, typer.Option(help="Follow the terrain of --dem within so many metres.")
]
Wind = Annotated[float | None, typer.Option(help="Mean wind to plan for, m/s.")]
Overshoot = Annotated[
    float | None, typer.Option(help="survey: metres flown on beyond each row's ends.")
]
Home = Annotated[str | None, typer.Option(help="Take-off point as LON,LAT.")]
Formats = Annotated[
    list[str] | None,
    typer.Option(help="Also kmz, litchi, fence, kml, geojson or gpkg; repeatable."),
]
Heading = Annotated[
    float | None, typer.Option(help="Degrees from north: of rows; patrol, oblique: of view.")
]
Pitch = Annotated[
    float | None, typer.Option(help="patrol, oblique: of the gimbal, -90 straight down.")
]
Directions = Annotated[int, typer.Option(help="oblique: 1 or 5.")]
Lines = Annotated[Path | None, typer.Option(help="corridor: centre lines.")]
Width = Annotated[float | None, typer.Option(help="corridor: width in metres.")]
Farmland = Annotated[Path | None, typer.Option(help="lookout: farmland polygons.")]
Cases = Annotated[Path | None, typer.Option(help="revisit: cases that `report` wrote.")]
When = Annotated[str | None, typer.Option(help="revisit: ISO time with zone, for the sun.")]
Resume = Annotated[
    Path | None, typer.Option(help="What the flight of this .tlog, or folder of one, has left.")
]
Flown = Annotated[
    Path | None, typer.Option(help="resume: its mission.json; by the .tlog if not given.")
]
Refly = Annotated[
    Path | None,
    typer.Option(help="Gaps that photos have left: a .tlog, a patrol or a photo folder."),
]
SeenBy = Annotated[int, typer.Option(min=1, help="refly: photos that each place should be in.")]
Depots = Annotated[
    Path | None, typer.Option(help="district: points that crews or docks start from.")
]
Fleet = Annotated[
    Path | None, typer.Option(help="district: drones, batteries, chargers, crews; TOML.")
]
Days = Annotated[int, typer.Option(min=1, help="district: days to plan.")]
FirstDay = Annotated[str | None, typer.Option(help="district: first day, YYYY-MM-DD.")]
Weather = Annotated[Path | None, typer.Option(help="district: weather windows.")]
History = Annotated[Path | None, typer.Option(help="district: last patrol and open cases.")]
FromCases = Annotated[
    Path | None,
    typer.Option(
        help="A patrol whose registry says: revisit: what to verify; district: what is open."
    ),
]
Tips = Annotated[Path | None, typer.Option(help="district: hotline tickets, CSV.")]
