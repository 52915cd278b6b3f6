"""From photos to the bulletin: the stages of a patrol, one after the other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline import analysis, filing, reporting
from pipeline.analysis import Ingested, Located
from pipeline.filing import Filed
from pipeline.inputs import Inputs
from pipeline.settings import Settings
from pipeline.telling import Note, Progress
from pipeline.workspace import Workspace
from vision.model import Detection

Bars = Callable[[str], Progress]
"""Makes what is told how far a named part of a stage is."""

Watch = Callable[[str], AbstractContextManager[Bars]]
"""Surrounds each stage of a run, by its name."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the stages made of a patrol's photos.

    Attributes:
        sheet: pictures of the patrol's cases on one sheet.
    """

    ingested: Ingested
    detections: tuple[Detection, ...]
    located: Located
    filed: Filed
    report: reporting.Report
    sheet: Path


def analyze(
    workspace: Workspace,
    inputs: Inputs,
    settings: Settings,
    watch: Watch,
    *,
    now: datetime,
    note: Note | None = None,
) -> Analysed:
    """Run every stage from photos to the bulletin; an interrupted search of photos goes on.

    `note` is told what a person should know of the files, as soon as it is found.

    Raises:
        AerogridError: a stage cannot run as asked; what earlier ones wrote stays.
    """
    reporting.refuse_foreign_report(workspace)
    with watch("ingest") as bars:
        ingested = analysis.ingest(
            workspace,
            inputs,
            settings,
            bars("reading photos"),
            matching=bars("matching photos") if settings.locating.adjust else None,
            note=note,
        )
    with watch("detect") as bars:
        detections = analysis.detect(workspace, settings, bars("searching photos"))
    with watch("locate"):
        located = analysis.locate(workspace, settings)
    with watch("file"):
        filed = filing.file(workspace, settings, now=now, note=note)
    with watch("report"):
        report = reporting.report(workspace, settings)
        sheet = reporting.draw_cases(workspace, settings)
    return Analysed(ingested, tuple(detections), located, filed, report, sheet)
