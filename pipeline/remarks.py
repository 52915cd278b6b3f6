"""EDGE: every remark on every photo, as a table that a spreadsheet opens."""

import csv
from collections.abc import Sequence

from geo.files import replacing
from pipeline.workspace import Workspace
from vision.model import Frame


def write_remarks(workspace: Workspace, frames: Sequence[Frame]) -> None:
    """Write a line for each remark, in the order of the photos; the same frames, the same bytes."""
    with (
        replacing(workspace.remarks) as temporary,
        temporary.open("w", encoding="utf-8-sig", newline="") as file,  # as spreadsheets need it
    ):
        table = csv.writer(file)
        table.writerow(("photo", "remark"))
        table.writerows((frame.path, reason) for frame in frames for reason in frame.reasons)
