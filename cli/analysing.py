"""The verbs from photos to cases, and what they tell."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from cases.outcomes import Outcome
from cases.wording import outcome_words
from cli import console
from flight.releases import read_releases
from pipeline import analysis, chaining, filing, reporting
from pipeline.chaining import Analysed
from pipeline.filings import with_registry_as_filed
from pipeline.inputs import Inputs, patrol_settings
from pipeline.settings import Settings, read_settings
from pipeline.workspace import Workspace, read_json
from vision.adjustment import Adjustment
from vision.errors import VisionError
from vision.model import Detection, Frame
from vision.remarks import named_photos, shared_reasons, shared_remarks
from vision.subtitles import list_subtitles, read_subtitles


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
    settings = _settings(config, adjust)
    with console.bars() as bars:
        ingested = analysis.ingest(
            Workspace(out),
            inputs,
            settings,
            bars("reading photos"),
            events=() if flight is None else read_releases(flight),
            matching=bars("matching photos") if settings.locating.adjust else None,
            note=console.warn,
        )
    _tell_frames(ingested.frames, Workspace(out).remarks)
    _tell_adjustment(ingested.adjustment)
    _tell_videos(inputs.photos)
    console.err.print(f"next: [bold]aerogrid detect {console.where(out)}[/]")
    return 0


def detect(patrol: Path, config: Path | None) -> int:
    """Search the photos and draw what was found."""
    settings = patrol_settings(Workspace(patrol), config)
    with console.bars() as bars:
        detections = analysis.detect(Workspace(patrol), settings, bars("searching photos"))
    sheet = reporting.draw_found(Workspace(patrol))
    _tell_detections(detections)
    console.err.print(f"pictures: {console.where(sheet)}")
    console.err.print(f"next: [bold]aerogrid locate {console.where(patrol)}[/]")
    return 0


def locate(patrol: Path, config: Path | None) -> int:
    """Put detections on the ground."""
    located = analysis.locate(Workspace(patrol), patrol_settings(Workspace(patrol), config))
    counts = Counter(item.class_name for item in located.observations)
    console.show("Objects on the ground", ["class", "objects"], counts.items())
    _tell_unlocated(located.unlocated)
    console.err.print(f"next: [bold]aerogrid file {console.where(patrol)}[/]")
    return 0


def file(patrol: Path, config: Path | None) -> int:
    """File cases; without other settings into the registry that the patrol was filed into."""
    workspace = Workspace(patrol)
    given = patrol_settings(workspace, config)
    settings = with_registry_as_filed(workspace, given) if config is None else given
    if settings != given:
        registry = filing.registry_of(workspace, settings)
        console.warn(f"files into {registry} as before; --config files elsewhere")
    filed = filing.file(workspace, settings, now=datetime.now(UTC), note=console.warn)
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
    done = chaining.analyze(
        workspace, inputs, settings, lambda _: console.bars(), now=datetime.now(UTC),
        note=console.warn,
    )  # fmt: skip
    if as_json:
        summary = _summary(done)
        summary["adjustment"] = read_json(workspace.adjustment)
        summary["seconds"] = round(perf_counter() - started, 1)
        console.out.print_json(json.dumps(summary, ensure_ascii=False))
        return 0
    _tell_frames(done.ingested.frames, workspace.remarks)
    _tell_adjustment(done.ingested.adjustment)
    _tell_detections(done.detections)
    _tell_unlocated(done.located.unlocated)
    _tell_filed(done.filed)
    _tell_report(done.report)
    console.out.print(f"pictures: {console.where(done.sheet)}", highlight=False)
    console.out.print(f"review:   [bold]aerogrid serve {console.where(out)}[/]", highlight=False)
    return 0


def _settings(config: Path | None, adjust: bool | None) -> Settings:
    """Settings of a file, with what the command line says of the adjustment."""
    settings = read_settings(config)
    if adjust is None:
        return settings
    locating = settings.locating.model_copy(update={"adjust": adjust})
    return settings.model_copy(update={"locating": locating})


def _tell_frames(frames: Sequence[Frame], remarks: Path) -> None:
    located = sum(frame.is_located for frame in frames)
    flawed = sum(bool(frame.reasons) for frame in frames)
    if flawed:
        listing = console.table("Photos with remarks", ["photo", "remark"], shared_remarks(frames))
        listing.columns[1].justify = "left"
        console.out.print(listing)
    console.out.print(f"{len(frames)} photos, {located} with a pose, {flawed} with remarks")
    if flawed:
        console.out.print(f"remarks on each photo: {console.where(remarks)}", highlight=False)


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
    console.show("Seen in photos", ["class", "detections"], counts.items())


def _tell_unlocated(unlocated: Iterable[tuple[str, str]]) -> None:
    for reason, photo_ids in shared_reasons(unlocated):
        names = named_photos(list(dict.fromkeys(photo_ids)))
        console.warn(
            f"{len(photo_ids)} detections have no place on the ground: {reason} (in {names})"
        )


def _tell_filed(filed: filing.Filed) -> None:
    result = filed.result
    counts = Counter(item.category.name.en for item in filed.findings.proposals)
    if counts:
        console.show("Cases", ["category", "cases"], counts.items())
    cases = f"{len(result.new)} new, {len(result.same)} known, {len(result.gone)} gone"
    unfiled = f"{len(filed.findings.rejected)} observations not filed"
    if result.already_filed:
        console.out.print(
            f"nothing changed: this patrol is filed in the registry already, when its cases were "
            f"{cases}; {unfiled}",
            highlight=False,
        )
    else:
        console.out.print(f"{cases}, {unfiled}", highlight=False)
    for case_no, outcome in sorted(result.outcomes.items()):
        console.out.print(f"{case_no} waited to be verified: {outcome_words(Outcome(outcome)).en}")
    for proposal, case_no in result.cooling.items():
        console.warn(f"{proposal}: no new case, too soon after {case_no}, which has ended")
    for proposal, case_no in result.snoozed.items():
        console.warn(f"{proposal}: no new case, its place is snoozed with {case_no}")


def _tell_report(written: reporting.Report) -> None:
    for why, count in Counter(written.pictureless.values()).items():
        cases = ", ".join(no for no, reason in written.pictureless.items() if reason is why)
        console.warn(f"{count} cases have no picture: {why.value.en} ({cases})")
    console.out.print(f"bulletin: {console.where(written.bulletin)}", highlight=False)


def _summary(done: Analysed) -> dict[str, Any]:
    frames, located, findings = done.ingested.frames, done.located, done.filed.findings
    return {
        "photos": len(frames),
        "located_photos": sum(frame.is_located for frame in frames),
        "remarks": {frame.path: list(frame.reasons) for frame in frames if frame.reasons},
        "detections": dict(Counter(item.class_name for item in done.detections)),
        "observations": dict(Counter(item.class_name for item in located.observations)),
        "unlocated": {
            reason: len(photo_ids) for reason, photo_ids in shared_reasons(located.unlocated)
        },
        "cases": dict(Counter(item.category.code for item in findings.proposals)),
        "not_filed": len(findings.rejected),
    }
