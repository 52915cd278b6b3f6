"""EDGE: a bulletin's map and pictures, out of what patrols at hand have photographed."""

from collections.abc import Mapping, Sequence

from cases.categories import Category, Words
from cases.model import Case, Event
from cases.wording import finding_words
from dispatch.period import Period
from dispatch.period_map import active_cases, period_map
from dispatch.period_pages import Illustrations
from dispatch.scope import Scope
from dispatch.typical import Pictured, TypicalCase, typical_cases
from pipeline.before_after import Shelf, patrols_beside, picture_of, shelves_of
from pipeline.inputs import read_inputs
from pipeline.settings import Settings
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace


def illustrate(
    workspace: Workspace,
    settings: Settings,
    cases: Sequence[Case],
    histories: Mapping[str, Sequence[Event]],
    categories: Sequence[Category],
    *,
    period: Period,
    scope: Scope,
) -> Illustrations:
    """Draw the map of a period's cases, and show typical ones before and after.

    Photos are looked for in the patrol's folder and in those beside it. A picture that none has is
    left out, and the bulletin says so.
    """
    shown = [case for case in active_cases(cases, histories, period) if scope.holds(case)]
    inputs = read_inputs(workspace) if workspace.inputs.exists() else None
    grid = inputs.cells if inputs is not None else None
    cells = () if grid is None else tuple(read_cells(grid, settings.grids))
    typical = typical_cases(cases, histories, period, scope)
    wanted = [name for entry in typical for name in (entry.before, entry.after)]
    shelves = shelves_of(patrols_beside(workspace), wanted, settings)
    names = {category.code: category.name for category in categories}
    return Illustrations(
        period_map(shown, categories, cells),
        tuple(_pictured(entry, names, shelves) for entry in typical),
    )


def _pictured(
    entry: TypicalCase, names: Mapping[str, Words], shelves: Mapping[str, Shelf]
) -> Pictured:
    case, place = entry.case, entry.case.place
    name, found = names[case.category], finding_words(entry.finding)
    where = " ".join(part for part in (place.town, place.village, place.cell_code) if part)
    before, after = (
        picture_of(shelves[patrol], case.polygon) if patrol in shelves else b""
        for patrol in (entry.before, entry.after)
    )
    return Pictured(
        Words(f"{case.case_no} {name.en}", f"{case.case_no} {name.zh}"),
        Words(f"{where}: {found.en}", f"{where}：{found.zh}"),
        before,
        after,
    )
