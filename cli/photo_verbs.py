"""The verbs from photos to cases, stage by stage and all at once."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Adjust, Config, Control, Dem, Grids, Json, Ortho, Out, Patrol, Poses, Zones

verbs = typer.Typer()


@verbs.command(epilog="Example: aerogrid ingest PHOTOS/ --grids cells.gpkg --out patrol/")
def ingest(
    photos: Annotated[Path, typer.Argument(help="Folder of photos, searched through.")],
    out: Out,
    grids: Grids = None,
    zones: Zones = None,
    dem: Dem = None,
    flight: Annotated[
        Path | None,
        typer.Option(
            "--flight",
            help="Flight log (.tlog, .BIN) or folder of them; poses photos without gimbal tags.",
        ),
    ] = None,
    control: Control = None,
    poses: Poses = None,
    ortho: Ortho = None,
    adjust: Adjust = None,
    config: Config = None,
) -> None:
    """Read photos into frames with pose, camera and quality; list those that cannot be used."""
    from cli import analysing

    inputs = analysing.inputs_of(
        photos, grids, zones, dem, control=control, poses=poses, ortho=ortho
    )
    raise typer.Exit(analysing.ingest(inputs, out, flight, config, adjust=adjust))


@verbs.command(epilog="Example: aerogrid detect patrol/")
def detect(patrol: Patrol, config: Config = None) -> None:
    """Look for buildings, fire and fishing in the photos; COCO JSON and overlays."""
    from cli import analysing

    raise typer.Exit(analysing.detect(patrol, config))


@verbs.command(epilog="Example: aerogrid locate patrol/")
def locate(patrol: Patrol, config: Config = None) -> None:
    """Put what was detected on the ground; one object seen in many photos becomes one."""
    from cli import analysing

    raise typer.Exit(analysing.locate(patrol, config))


@verbs.command(epilog="Example: aerogrid file patrol/")
def file(patrol: Patrol, config: Config = None) -> None:
    """Apply the rules to what was observed and file cases in the registry."""
    from cli import analysing

    raise typer.Exit(analysing.file(patrol, config))


@verbs.command(epilog="Example: aerogrid report patrol/ --period week --out week.pdf")
def report(
    patrol: Patrol,
    config: Config = None,
    period: Annotated[
        str | None, typer.Option(help="day, week, month or special: of all cases of the registry.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="A day of the period, such as 2026-06-10; else today.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First day of a special period.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day of a special period.")] = None,
    topic: Annotated[
        str, typer.Option(help="Of one category alone, or of a family such as burning.*")
    ] = "",
    area: Annotated[
        str, typer.Option(help="Of one town, village or cell alone, or of the start of codes.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File of the period: .pdf or .docx.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the bulletin of a patrol and its cases, or with --period that of a day, week, month."""
    from cli import analysing

    if period is None:
        if any((on, first, last, topic, area, out, as_json)):
            raise typer.BadParameter(
                "--on, --from, --to, --topic, --area, --out and --json go with --period"
            )
        raise typer.Exit(analysing.report(patrol, config))
    from cli import periods
    from dispatch.scope import Scope

    asked = periods.Asked(period, on, first, last, Scope(topic, area))
    raise typer.Exit(periods.report_period(patrol, config, asked, out, as_json=as_json))


@verbs.command(epilog="Example: aerogrid analyze PHOTOS/ --grids cells.gpkg --out patrol/")
def analyze(
    photos: Annotated[Path, typer.Argument(help="Folder of geotagged drone photos.")],
    out: Out,
    grids: Grids = None,
    zones: Zones = None,
    dem: Dem = None,
    control: Control = None,
    poses: Poses = None,
    ortho: Ortho = None,
    adjust: Adjust = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take real drone photos to cases: ingest, detect, locate, file, report."""
    from cli import analysing

    inputs = analysing.inputs_of(
        photos, grids, zones, dem, control=control, poses=poses, ortho=ortho
    )
    raise typer.Exit(analysing.analyze(inputs, out, config, adjust=adjust, as_json=as_json))


@verbs.command(epilog="Example: aerogrid watch PHOTOS/ --grids cells.gpkg --out patrol/")
def watch(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder that photos land in during the flight, a video, or a stream (rtsp://...).",
            metavar="PHOTOS",
        ),
    ],
    out: Out,
    grids: Grids = None,
    zones: Zones = None,
    dem: Dem = None,
    config: Config = None,
    idle: Annotated[
        float | None,
        typer.Option(min=0, help="End when no photo has come for so many seconds."),
    ] = None,
    srt: Annotated[
        Path | None, typer.Option(help="Video: the subtitles with its places; else beside it.")
    ] = None,
    focal35: Annotated[
        float | None,
        typer.Option(min=5, max=500, help="Video: focal length, 35 mm equivalent."),
    ] = None,
    pitch: Annotated[
        float | None,
        typer.Option(min=-90, max=0, help="Video: where the camera looked, if no gimbal is told."),
    ] = None,
    telemetry: Annotated[
        str | None,
        typer.Option(help="Stream: where MAVLink is heard (udpin:HOST:PORT...), or a .tlog."),
    ] = None,
    delay: Annotated[
        float | None,
        typer.Option(min=0, max=30, help="Stream: seconds by which its pictures come late."),
    ] = None,
) -> None:
    """Search photos as they land, or stills of a video, and file what they show, until Ctrl-C."""
    from cli import analysing, streaming, watching
    from pipeline.workspace import Workspace
    from vision.stream_photos import is_stream

    photos, is_live = Path(source), is_stream(source)
    is_video = not is_live and watching.is_recording(photos)
    for given, may_be, words in (
        ((telemetry, delay), is_live, "--telemetry and --delay go with a live stream"),
        ((srt,), is_video, "--srt goes with a recorded video; a stream has --telemetry"),
        ((focal35, pitch), is_video or is_live, "--focal35 and --pitch go with a video"),
    ):
        if not may_be and any(option is not None for option in given):
            raise typer.BadParameter(words)
    folder = Workspace(out).photos if is_live or is_video else photos
    inputs = analysing.inputs_of(folder, grids, zones, dem, control=None, poses=None, ortho=None)
    if is_live:
        stream = streaming.stream_of(source, telemetry, focal35, pitch, delay or 0.0)
        raise typer.Exit(streaming.watch_stream(stream, inputs, out, config, idle_s=idle))
    if is_video:
        recording = watching.recording_of(photos, srt, focal35, pitch)
        raise typer.Exit(watching.watch_video(recording, inputs, out, config))
    raise typer.Exit(watching.watch(inputs, out, config, idle_s=idle))
