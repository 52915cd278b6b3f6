"""Options of `aerogrid serve`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Patrols = Annotated[
    list[Path],
    typer.Argument(help="Patrols of one registry, and folders of such, as a campaign's `out`."),
]
Port = Annotated[int, typer.Option(help="0 takes a free one.")]
Listen = Annotated[str, typer.Option(help="Address of this machine; others reach the page at it.")]
Hosts = Annotated[
    list[str] | None, typer.Option("--host", help="Name that browsers ask for; repeatable.")
]
Certificate = Annotated[
    Path | None, typer.Option("--tls-certificate", help="PEM file; needs --tls-key.")
]
Key = Annotated[Path | None, typer.Option("--tls-key", help="PEM file.")]
BehindProxy = Annotated[
    bool, typer.Option("--behind-proxy", help="A proxy on this machine has TLS before it.")
]
Flights = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True, file_okay=False, help="Folder of plans, verdicts, flights; repeatable."
    ),
]
Airspace = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="No-fly zones, for the page's re-fly files."),
]
Obstacles = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Masts, lines and the like.")
]
Basemap = Annotated[
    str | None, typer.Option(help="Address of map tiles with {z}, {x}, {y}; none by default.")
]
BasemapFrame = Annotated[
    Literal["wgs84", "gcj02"], typer.Option(help="Of the tiles; Chinese services have gcj02.")
]
BasemapCredit = Annotated[str, typer.Option(help="What its service asks to be shown.")]
PhotoIndex = Annotated[
    Path | None,
    typer.Option(
        "--photos-index", help="Of `photos add`; the page's API then searches all patrols' photos."
    ),
]
