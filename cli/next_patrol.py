"""The option `--from-cases` of `plan`: the registry of a patrol says what to look at next."""

from datetime import datetime
from pathlib import Path

from cases.registry import Registry
from cases.rule_files import load_rulebook
from cli.dispatching import registry_there, settings_for
from dispatch.table_files import load_calendar
from dispatch.timetable import Timetable
from missions.errors import MissionError
from missions.revisit import RevisitCase
from pipeline.next_patrol import OpenCases, open_cases
from pipeline.workspace import Workspace


def cases_of(patrol: Path, config: Path | None, now: datetime) -> OpenCases:
    """Read the open cases of a patrol's registry, and which of them are overdue."""
    workspace = Workspace(patrol)
    settings = settings_for(workspace, config)
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    timetable = Timetable(load_calendar(settings.dispatching.calendar))
    with Registry.open(registry_there(workspace, settings)) as registry:
        return open_cases(registry, rulebook.categories, timetable, now=now)


def cases_to_revisit(patrol: Path, config: Path | None, now: datetime) -> tuple[RevisitCase, ...]:
    """Read the cases that were fed back and wait to be verified.

    Raises:
        MissionError: there are none.
    """
    found = cases_of(patrol, config, now).to_verify
    if not found:
        raise MissionError(
            f"--from-cases {patrol}: no case was fed back and waits to be verified; "
            "--cases FILE flies to any others"
        )
    return tuple(RevisitCase(case.case_no, case.polygon) for case in found)
