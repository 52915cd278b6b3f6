"""The verbs from photos to cases, and what they tell."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from cli import console
from flight.releases import read_releases
from geo.errors import AerogridError
from pipeline import analysis, reporting
from pipeline.inputs import Inputs, patrol_settings
from pipeline.settings import Settings, read_settings
from pipeline.workspace import Workspace, read_json
from vision.adjustment import Adjustment
from vision.errors import VisionError
from vision.model import Detection, Frame
from vision.quality import Flaw, flaw_of, is_worth_looking
from vision.subtitles import list_subtitles, read_subtitles

_NAMED_PHOTOS = 3


def inputs_of(
    photos: Path,
    grids: Path | None,
    zones: Path | None,
    dem: Path | None,
    *,
    control: Path | None,
    poses: Path | None,
    ortho: Path | None,
) -> Inputs:
    """Inputs of a patrol from the arguments of a verb."""
    return Inputs(photos, grids, zones, dem, control, poses, ortho)


def ingest(
    inputs: Inputs, out: Path, flight: Path | None, config: Path | None, *, adjust: bool | None
) -> int:
    """Read photos into frames, adjust their poses and list those that cannot be used."""
    ingested = _ingest(Workspace(out), inputs, _settings(config, adjust), flight)
    _tell_frames(ingested.frames)
    _tell_adjustment(ingested.adjustment)
    _tell_videos(inputs.photos)
    console.err.print(f"next: [bold]aerogrid detect {console.where(out)}[/]")
    return 0


def detect(patrol: Path, config: Path | None) -> int:
    """Search the photos and draw what was found."""
    detections = _detect(Workspace(patrol), patrol_settings(Workspace(patrol), config))
    sheet = reporting.draw_found(Workspace(patrol))
    _tell_detections(detections)
    console.err.print(f"pictures: {console.where(sheet)}")
    console.err.print(f"next: [bold]aerogrid locate {console.where(patrol)}[/]")
    return 0


def locate(patrol: Path, config: Path | None) -> int:
    """Put detections on the ground."""
    located = analysis.locate(Workspace(patrol), patrol_settings(Workspace(patrol), config))
    counts = Counter(item.class_name for item in located.observations)
    console.out.print(console.table("Objects on the ground", ["class", "objects"], counts.items()))
    _tell_unlocated(located.unlocated)
    console.err.print(f"next: [bold]aerogrid file {console.where(patrol)}[/]")
    return 0


def file(patrol: Path, config: Path | None) -> int:
    """File cases."""
    filed = analysis.file(
        Workspace(patrol), patrol_settings(Workspace(patrol), config), now=datetime.now(UTC)
    )
    _tell_filed(filed)
    console.err.print(f"next: [bold]aerogrid serve {console.where(patrol)}[/]")
    return 0


def report(patrol: Path, config: Path | None) -> int:
    """Write the bulletin."""
    workspace, settings = Workspace(patrol), patrol_settings(Workspace(patrol), config)
    written = reporting.report(workspace, settings)
    sheet = reporting.draw_cases(workspace, settings)
    _tell_report(written)
    console.err.print(f"pictures: {console.where(sheet)}")
    return 0


def analyze(
    inputs: Inputs, out: Path, config: Path | None, *, adjust: bool | None, as_json: bool
) -> int:
    """Run all stages from photos to the report."""
    settings, workspace = _settings(config, adjust), Workspace(out)
    started = perf_counter()
    ingested = _ingest(workspace, inputs, settings, None)
    frames = ingested.frames
    detections = _detect(workspace, settings)
    located = analysis.locate(workspace, settings)
    filed = analysis.file(workspace, settings, now=datetime.now(UTC))
    written = reporting.report(workspace, settings)
    sheet = reporting.draw_cases(workspace, settings)
    if as_json:
        summary = _summary(frames, detections, located, filed)
        summary["adjustment"] = read_json(workspace.adjustment)
        summary["seconds"] = round(perf_counter() - started, 1)
        console.out.print_json(json.dumps(summary, ensure_ascii=False))
        return 0
    _tell_frames(frames)
    _tell_adjustment(ingested.adjustment)
    _tell_detections(detections)
    _tell_unlocated(located.unlocated)
    _tell_filed(filed)
    _tell_report(written)
    console.out.print(f"pictures: {console.where(sheet)}", highlight=False)
    console.out.print(f"review:   [bold]aerogrid serve {console.where(out)}[/]", highlight=False)
    return 0


def _settings(config: Path | None, adjust: bool | None) -> Settings:
    """Settings of a file, with what the command line says of the adjustment."""
    settings = read_settings(config)
    if adjust is None:
        return settings
    locating = settings.locating.model_copy(update={"adjust": adjust})
    return settings.model_copy(update={"locating": locating})


def _ingest(
    workspace: Workspace, inputs: Inputs, settings: Settings, flight: Path | None
) -> analysis.Ingested:
    events = () if flight is None else read_releases(flight)
    with console.progress() as bars:
        task = bars.add_task("reading photos", total=None)
        match = bars.add_task("matching photos", total=None, visible=settings.locating.adjust)
        ingested = analysis.ingest(
            workspace,
            inputs,
            settings,
            lambda done, total: bars.update(task, completed=done, total=total),
            events=events,
            matching=lambda done, total: bars.update(match, completed=done, total=total),
        )
    for problem in ingested.grid_problems:
        console.warn(f"{inputs.cells}: {problem}")
    if not any(is_worth_looking(frame) for frame in ingested.frames):
        _tell_frames(ingested.frames)
        raise AerogridError(
            f"{inputs.photos}: none of the {len(ingested.frames)} photos is usable."
        )
    return ingested


def _detect(workspace: Workspace, settings: Settings) -> list[Detection]:
    with console.progress() as bars:
        task = bars.add_task("searching photos", total=None)
        return analysis.detect(
            workspace,
            settings,
            lambda done, total: bars.update(task, completed=done, total=total),
        )


def _tell_frames(frames: Iterable[Frame]) -> None:
    frames = list(frames)
    located = sum(frame.is_located for frame in frames)
    flawed = [frame for frame in frames if frame.reasons]
    if flawed:
        listing = console.table("Photos with remarks", ["photo", "remark"], _remark_rows(flawed))
        listing.columns[1].justify = "left"
        console.out.print(listing)
    console.out.print(f"{len(frames)} photos, {located} with a pose, {len(flawed)} with remarks")


def _remark_rows(flawed: Iterable[Frame]) -> list[tuple[str, str]]:
    """One row for photos with the same kinds of remark: the first one's words stand for all."""
    alike: dict[tuple[str, ...], list[Frame]] = {}
    for frame in flawed:
        alike.setdefault(tuple(_kind(reason) for reason in frame.reasons), []).append(frame)
    return [(_names(frames), "; ".join(frames[0].reasons)) for frames in alike.values()]


def _kind(reason: str) -> str:
    """The kind of a remark; what keeps a file from being read differs from file to file."""
    return reason if flaw_of(reason) == Flaw.UNREADABLE else flaw_of(reason)


def _names(frames: Sequence[Frame]) -> str:
    shown = ", ".join(frame.path for frame in frames[:_NAMED_PHOTOS])
    left = len(frames) - _NAMED_PHOTOS
    return f"{shown} and {left} more" if left > 0 else shown


def _tell_adjustment(done: Adjustment) -> None:
    if done.why_not or done.before is None or done.after is None:
        console.out.print(f"poses as measured: {done.why_not}", highlight=False)
        return
    turned = sum(bool(change.quarters) for change in done.changes)
    console.out.print(
        f"poses of {len(done.changes)} photos adjusted: the same point in two photos lay "
        f"{done.before.median_m:.2f} m apart (95 %: {done.before.p95_m:.2f} m), now "
        f"{done.after.median_m:.2f} m ({done.after.p95_m:.2f} m); {turned} had been turned",
        highlight=False,
    )
    if done.clock_s is not None:
        console.warn(
            f"measured positions are {done.clock_s:+.2f} s ahead of the pictures: check the "
            "camera's clock"
        )


def _tell_videos(photos: Path) -> None:
    """Say of each video log beside the photos what can be made of it."""
    for path in list_subtitles(photos):
        try:
            moments = read_subtitles(path)
        except VisionError as error:
            console.warn(str(error))
            continue
        looks = "with the gimbal's angles" if moments[0].attitude else "without the camera's angles"
        console.out.print(
            f"{path.name}: video log of {len(moments)} records around ({moments[0].lon_deg:.5f}, "
            f"{moments[0].lat_deg:.5f}), {looks}; videos themselves are not searched",
            highlight=False,
        )


def _tell_detections(detections: Iterable[Detection]) -> None:
    counts = Counter(item.class_name for item in detections)
    console.out.print(console.table("Seen in photos", ["class", "detections"], counts.items()))


def _tell_unlocated(unlocated: Iterable[tuple[str, str]]) -> None:
    for reason, count in Counter(reason for _, reason in unlocated).most_common():
        console.warn(f"{count} detections have no place on the ground: {reason}")


def _tell_filed(filed: analysis.Filed) -> None:
    result = filed.result
    counts = Counter(item.category.name.en for item in filed.findings.proposals)
    console.out.print(console.table("Cases", ["category", "cases"], counts.items()))
    already = " (this patrol was filed before; nothing changed)" if result.already_filed else ""
    console.out.print(
        f"{len(result.new)} new, {len(result.same)} known, {len(result.gone)} gone, "
        f"{len(filed.findings.rejected)} observations not filed{already}"
    )


def _tell_report(written: reporting.Report) -> None:
    for why, count in Counter(written.pictureless.values()).items():
        cases = ", ".join(no for no, reason in written.pictureless.items() if reason is why)
        console.warn(f"{count} cases have no picture: {why.value.en} ({cases})")
    console.out.print(f"bulletin: {console.where(written.bulletin)}", highlight=False)


def _summary(
    frames: Iterable[Frame],
    detections: Iterable[Detection],
    located: analysis.Located,
    filed: analysis.Filed,
) -> dict[str, Any]:
    frames = list(frames)
    return {
        "photos": len(frames),
        "located_photos": sum(frame.is_located for frame in frames),
        "remarks": {frame.path: list(frame.reasons) for frame in frames if frame.reasons},
        "detections": dict(Counter(item.class_name for item in detections)),
        "observations": dict(Counter(item.class_name for item in located.observations)),
        "unlocated": dict(Counter(reason for _, reason in located.unlocated)),
        "cases": dict(Counter(item.category.code for item in filed.findings.proposals)),
        "not_filed": len(filed.findings.rejected),
    }
