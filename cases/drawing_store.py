"""EDGE: put what a person drew into the registry, inside one transaction."""

from dataclasses import replace

from sqlalchemy.orm import Session

from cases import claims, wording
from cases.drawing import DRAWN, REDRAW, Draughtsman, Stroke, redrawn, refuse_drawing
from cases.errors import KnownCaseError, NoCaseError, OutsideAreaError, StaleCaseError
from cases.filing_store import Filing, last_number, near_cases
from cases.histories import histories
from cases.joining import refuse_arranging
from cases.journal import Journal, load_standings
from cases.matching import MATCHED_STAGES, match
from cases.model import Case, Findings, Proposal
from cases.people import Area
from cases.reclassing import RECLASSIFY, found, reclassified
from cases.standing import sight_of, told
from cases.updating import open_case


def store_stroke(
    session: Session, case: Case, stroke: Stroke, by: Draughtsman, expected_version: int
) -> Case:
    """Take a corrected outline of the version of a case that was seen."""
    claims.refuse_foreign(session, case.case_no, by.actor, by.now)
    if case.version != expected_version:
        raise StaleCaseError(case.case_no, expected_version, case.version)
    refuse_drawing(case, by.role)
    standing = load_standings(session, {case.case_no: case})[case.case_no]
    after, details = redrawn(case, standing, stroke)
    with Journal(session, actor=by.actor, now=by.now) as journal:
        return journal.record(after, REDRAW, {**details, "role": by.role.value})


def store_drawing(session: Session, filing: Filing, by: Draughtsman, area: Area) -> Case:
    """Make a case of the one thing that was drawn, unless it is one already."""
    proposal = _only(filing.findings)
    place = proposal.place
    if not area.holds(place.town, place.village):
        raise OutsideAreaError
    near = near_cases(session, filing, MATCHED_STAGES)
    matching = match(filing.findings, near, filing.rulebook.categories, patrol=filing.patrol)
    for _, known in matching.same:
        raise KnownCaseError(known.case_no)
    patrol = filing.patrol
    prefix = f"{filing.rulebook.local_day(patrol.flown_at, filing.now.date()):%Y%m%d}"
    case = open_case(proposal, f"{prefix}-{last_number(session, prefix) + 1:04d}", patrol)
    sight = sight_of(case, patrol.patrol_id, is_dated=patrol.is_dated)
    details = {
        "patrol": patrol.patrol_id,
        "observations": list(proposal.observation_ids),
        DRAWN: True,
        "role": by.role.value,
        **told(sight),
    }
    with Journal(session, actor=by.actor, now=by.now) as journal:
        return journal.record(case, "file", details)


def store_class(
    session: Session, case: Case, findings: Findings, by: Draughtsman, expected_version: int
) -> Case:
    """Take it that a case shows something else, as the rules judge that."""
    claims.refuse_foreign(session, case.case_no, by.actor, by.now)
    if case.version != expected_version:
        raise StaleCaseError(case.case_no, expected_version, case.version)
    refuse_arranging(case, RECLASSIFY, by.role)
    standing = load_standings(session, {case.case_no: case})[case.case_no]
    was = found(histories(session, [case.case_no])[case.case_no])
    after, details = reclassified(case, standing, _only(findings), who=by.actor, was=was)
    with Journal(session, actor=by.actor, now=by.now) as journal:
        return journal.record(after, RECLASSIFY, {**details, "role": by.role.value})


def _only(findings: Findings) -> Proposal:
    if not findings.proposals:
        [rejected] = findings.rejected
        raise NoCaseError(rejected.class_name, [(words.en, words.zh) for words in rejected.why])
    [proposal] = findings.proposals
    said = wording.drawn(proposal.class_name)
    return replace(proposal, why=(said, *proposal.why[1:]))
