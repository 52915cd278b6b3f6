"""EDGE: put the findings of a patrol into the registry, inside one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import shapely
from shapely import Polygon
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.chain import filing_hash
from cases.errors import RegistryError
from cases.filed_photos import refuse_photos_of_another
from cases.journal import Journal, load_standings
from cases.lifecycle import OPEN_STAGES, Action, Stage
from cases.matching import MATCHED_STAGES, Matching, cooling, match
from cases.model import Case, FilingEntry, FilingResult, Findings, Head, PatrolRecord
from cases.people import FILING_ACTOR
from cases.reading import read_cases
from cases.rows import case_from_row, filing_from_row, filing_values
from cases.rules import Rulebook
from cases.same_patrol import marks_of
from cases.snoozing import kept_back
from cases.snoozing_store import naps_of, wake_due
from cases.standing import Miss, Sight, Standing, Statement, as_said, sight_of, told, told_assumed
from cases.tables import CASES, CaseRow, EventRow, FilingRow
from cases.updating import changes, flown_facts, open_case, with_evidence
from cases.verifying import store_outcomes

_MARGIN_DEG = 0.01
"""About a kilometre, far beyond every matching distance."""


@dataclass(frozen=True, slots=True)
class Filing:
    """Everything that one filing says."""

    patrol: PatrolRecord
    findings: Findings
    rulebook: Rulebook
    footprints: tuple[Polygon, ...]
    digest: str
    now: datetime


def store_filing(session: Session, filing: Filing) -> FilingResult:
    """Make, update and take back cases; a filing that was already stored changes nothing.

    Raises:
        FiledMeanwhileError: the photos are of another patrol, by now.
    """
    patrol = filing.patrol
    refuse_photos_of_another(session, patrol)
    before = _last_filing(session, patrol.patrol_id)
    if before is not None and before.digest == filing.digest:
        entry = _vouching_entry(session, before)
        return replace(
            before.result,
            already_filed=True,
            head=Head(entry.seq, entry.hash),
            cooling=entry.details.get("cooling", {}),
            outcomes=entry.details.get("outcomes", {}),
            snoozed=entry.details.get("snoozed", {}),
        )
    wake_due(session, filing.now)
    scene = _Scene(session, filing)
    scene.load(_spoken_of(session, before) if before else ())
    spoken = tuple(scene.cases)
    known, remembered = _candidates(scene)
    matching = match(
        filing.findings,
        known,
        filing.rulebook.categories,
        patrol=patrol,
        footprints=filing.footprints,
        remembered=remembered,
    )
    cooled, asleep = _cooling(scene, matching), _snoozed(scene, matching)
    left_out = cooled.keys() | asleep.keys()
    matching = replace(
        matching, new=tuple(entry for entry in matching.new if entry.proposal_id not in left_out)
    )
    found = {case.case_no for _, case in matching.same}
    missed = [case.case_no for case in matching.missed]
    scene.load(sorted({*found, *missed}.difference(spoken)))
    waiting, before_m2 = _waiting(scene)
    with Journal(session, actor=FILING_ACTOR, now=filing.now) as journal:
        result = FilingResult(
            same=_store_same(scene, journal, matching),
            gone=_store_missed(scene, journal, missed),
            withdrawn=_store_retracted(scene, journal, set(spoken).difference(found, missed)),
            new=_store_new(scene, journal, matching),
        )
        outcomes = store_outcomes(session, journal, patrol, matching, waiting, before_m2)
        result = replace(result, cooling=cooled, snoozed=asleep, outcomes=outcomes)
        _store_filing_row(scene, journal, result, missed)
        return replace(result, head=journal.head)


class _Scene:
    """The cases that a filing touches, in full, with what the patrols say of them."""

    def __init__(self, session: Session, filing: Filing) -> None:
        self.session = session
        self.filing = filing
        self.cases: dict[str, Case] = {}
        self.standings: dict[str, Standing] = {}

    def load(self, case_nos: Iterable[str]) -> None:
        cases = read_cases(self.session, list(case_nos))
        self.cases |= cases
        self.standings |= load_standings(self.session, cases)

    def speak(
        self, case_no: str, statement: Statement | None, changed: Case | None = None
    ) -> tuple[Case, dict[str, Any]] | None:
        """Say something of a case: the case by that and what to tell of it; None if nothing new.

        `changed` is the case with what is not said by patrols, such as stage and evidence.
        """
        case, standing = self.cases[case_no], self.standings[case_no]
        patrol_id = self.filing.patrol.patrol_id
        after = as_said(changed or case, standing.with_word(patrol_id, statement))
        if after == case and standing.statements.get(patrol_id) == statement:
            return None
        details = {"patrol": patrol_id, **told_assumed(standing), **told(statement)}
        return after, {**details, "changes": changes(case, after)}


def head_of_filing(session: Session, patrol_id: str) -> Head | None:
    """Find the entry that ended the last filing of a patrol; None where it was never filed."""
    last = _last_filing(session, patrol_id)
    if last is None:
        return None
    entry = _vouching_entry(session, last)
    return Head(entry.seq, entry.hash)


def _last_filing(session: Session, patrol_id: str) -> FilingEntry | None:
    query = select(FilingRow).where(FilingRow.patrol_id == patrol_id)
    row = session.scalars(query.order_by(FilingRow.filing_id.desc()).limit(1)).first()
    return filing_from_row(row) if row else None


def _vouching_entry(session: Session, filing: FilingEntry) -> EventRow:
    """Find the entry that ended a filing; refuse a filing that it does not vouch for."""
    notes = select(EventRow).where(EventRow.case_no.is_(None), EventRow.action == "filing")
    nth = notes.order_by(EventRow.seq).offset(filing.filing_id - 1).limit(1)
    entry = session.scalars(nth).first()
    # filings of before revision 0002 are vouched for by a seal, which the audit looks at
    hashed = entry and entry.details.get("filings", {str(filing.filing_id): filing_hash(filing)})
    if entry is None or hashed != {str(filing.filing_id): filing_hash(filing)}:
        raise RegistryError(
            f"filing {filing.filing_id} of patrol {filing.patrol_id} was changed in the registry "
            "since; run `aerogrid audit` and go back to a backup"
        )
    return entry


def _spoken_of(session: Session, before: FilingEntry) -> Iterable[str]:
    """Number the cases of which the last filing of a patrol said anything."""
    missed = _vouching_entry(session, before).details.get("missed", ())
    result = before.result
    return dict.fromkeys((*result.new, *result.same, *result.gone, *missed))


def _candidates(scene: _Scene) -> tuple[list[Case], list[Case]]:
    """Cases that the findings could be about: as they are without this patrol, and remembered.

    What the patrol said before is taken out first, so that what it says now is matched as if it
    had never said anything else.
    """
    known: list[Case] = []
    remembered: list[Case] = []
    stages = (*MATCHED_STAGES, Stage.WITHDRAWN)
    for case in near_cases(scene.session, scene.filing, stages):
        if case.case_no not in scene.cases:
            (known if case.stage in MATCHED_STAGES else remembered).append(case)
    patrol_id = scene.filing.patrol.patrol_id
    for case_no, case in scene.cases.items():
        standing = scene.standings[case_no]
        others = standing.with_word(patrol_id, None)
        if case.stage in MATCHED_STAGES and others.sights():
            known.append(as_said(case, others))
        elif isinstance(standing.statements.get(patrol_id), Sight):
            remembered.append(case)
    return known, remembered


def _cooling(scene: _Scene, matching: Matching) -> dict[str, str]:
    """Find new things that make no case yet, because one like it has ended here just before."""
    filing = scene.filing
    hours = {rule.id: rule.cool_down_hours for rule in filing.rulebook.rules}
    if not any(hours.get(entry.rule_id) for entry in matching.new):
        return {}
    ended = near_cases(scene.session, filing, (Stage.CLOSED, Stage.EVALUATED))
    categories = filing.rulebook.categories
    return cooling(matching.new, ended, categories, patrol=filing.patrol, hours=hours)


def _snoozed(scene: _Scene, matching: Matching) -> dict[str, str]:
    """Find new things that make no case, because somebody wants this place left alone for now."""
    filing = scene.filing
    naps = naps_of(scene.session, near_cases(scene.session, filing, (Stage.SNOOZED,)))
    return kept_back(matching.new, naps, filing.patrol)


def _waiting(scene: _Scene) -> tuple[list[Case], dict[str, float]]:
    """Cases around the patrol that wait to be verified, and their areas as others have seen them.

    A patrol that says nothing of what is gone, half a flight for one, verifies nothing.
    """
    if not scene.filing.footprints:
        return [], {}
    near = near_cases(scene.session, scene.filing, (Stage.FED_BACK,))
    scene.load({case.case_no for case in near}.difference(scene.cases))
    waiting = [scene.cases[case.case_no] for case in near]
    patrol_id = scene.filing.patrol.patrol_id
    stood = {
        case.case_no: as_said(case, scene.standings[case.case_no].with_word(patrol_id, None))
        for case in waiting
    }
    return waiting, {case_no: case.area_m2 for case_no, case in stood.items()}


def near_cases(session: Session, filing: Filing, stages: Iterable[Stage]) -> list[Case]:
    """Cases of some stages around the findings and footprints, without their evidence."""
    areas = [proposal.polygon for proposal in filing.findings.proposals] + list(filing.footprints)
    if not areas:
        return []
    west, south, east, north = shapely.multipolygons(areas).bounds
    query = select(CASES).where(
        CASES.c.stage.in_([stage.value for stage in stages]),
        CASES.c.lon_deg.between(west - _MARGIN_DEG, east + _MARGIN_DEG),
        CASES.c.lat_deg.between(south - _MARGIN_DEG, north + _MARGIN_DEG),
    )
    return [case_from_row(row, evidence=()) for row in session.execute(query)]


def _store_new(scene: _Scene, journal: Journal, matching: Matching) -> tuple[str, ...]:
    filing, patrol = scene.filing, scene.filing.patrol
    numbers = []
    prefix = f"{filing.rulebook.local_day(patrol.flown_at, filing.now.date()):%Y%m%d}"
    number = last_number(scene.session, prefix)
    for proposal in matching.new:
        number += 1
        case = open_case(proposal, f"{prefix}-{number:04d}", patrol)
        sight = sight_of(
            case, patrol.patrol_id, is_dated=patrol.is_dated, is_aslant=proposal.is_aslant
        )
        details = {"patrol": patrol.patrol_id, "observations": list(proposal.observation_ids)}
        journal.record(case, "file", {**details, **told(sight)})
        numbers.append(case.case_no)
    return tuple(numbers)


def last_number(session: Session, prefix: str) -> int:
    """Running number of the last case of a day; 0 where there is none."""
    query = select(CaseRow.case_no).where(CaseRow.case_no.startswith(f"{prefix}-"))
    longest_first = func.length(CaseRow.case_no).desc()
    last = session.scalars(query.order_by(longest_first, CaseRow.case_no.desc()).limit(1)).first()
    return int(last.rpartition("-")[2]) if last else 0


def _store_same(scene: _Scene, journal: Journal, matching: Matching) -> tuple[str, ...]:
    patrol = scene.filing.patrol
    for proposal, known in matching.same:
        case = scene.cases[known.case_no]
        if patrol.patrol_id in scene.standings[case.case_no].drawn:
            continue  # what a person drew in the patrol's photos stands
        fresh = open_case(proposal, case.case_no, patrol)
        sight = sight_of(
            fresh, patrol.patrol_id, is_dated=patrol.is_dated, is_aslant=proposal.is_aslant
        )
        seen = with_evidence(case, fresh.evidence, patrol.patrol_id)
        is_back = case.stage is Stage.WITHDRAWN
        if is_back:
            seen = replace(seen, stage=Stage.REPORTED)
        if (spoken := scene.speak(case.case_no, sight, seen)) is None:
            continue
        after, details = spoken
        details |= {"observations": list(proposal.observation_ids)}
        details |= {"grown_m2": round(after.area_m2 - case.area_m2, 2)}
        if is_back:
            details |= _step(case.stage, after.stage)
        journal.record(after, Action.REFILE.value if is_back else "same", details)
    return tuple(known.case_no for _, known in matching.same)


def _store_missed(scene: _Scene, journal: Journal, case_nos: Sequence[str]) -> tuple[str, ...]:
    """Note that places were covered and nothing was seen; number the cases that are gone by it."""
    patrol = scene.filing.patrol
    gone = []
    for case_no in case_nos:
        case, standing = scene.cases[case_no], scene.standings[case_no]
        if patrol.patrol_id in standing.drawn:
            continue  # a person saw it in the patrol's photos
        before = as_said(case, standing.with_word(patrol.patrol_id, None))
        spoken = scene.speak(case_no, Miss(patrol.patrol_id, patrol.flown_at))
        after = spoken[0] if spoken else case
        if before.gone_at is None and after.gone_at is not None:
            gone.append(case_no)
        if spoken:
            journal.record(after, "gone" if after.gone_at != case.gone_at else "missed", spoken[1])
    return tuple(gone)


def _store_retracted(scene: _Scene, journal: Journal, case_nos: Iterable[str]) -> tuple[str, ...]:
    """Take back what the patrol no longer says; number the cases that nobody else has seen."""
    patrol_id = scene.filing.patrol.patrol_id
    withdrawn = []
    for case_no in sorted(case_nos):
        case, standing = scene.cases[case_no], scene.standings[case_no]
        statement = standing.statements.get(patrol_id)
        if patrol_id in standing.drawn:
            continue
        if statement is None or (isinstance(statement, Miss) and case.stage not in OPEN_STAGES):
            continue  # who missed a case that asks for nothing has not been asked again
        spoken = scene.speak(case_no, None)
        assert spoken is not None, "taking back a statement changes what is said"
        after, details = spoken
        details |= {"reason": "a new filing of the same patrol no longer says so"}
        is_alone = not standing.with_word(patrol_id, None).sights()
        if is_alone and case.stage in (Stage.REPORTED, Stage.SNOOZED):
            after = replace(after, stage=Stage.WITHDRAWN)
            details |= _step(case.stage, after.stage)
            journal.record(after, Action.WITHDRAW.value, details)
            withdrawn.append(case_no)
        else:
            journal.record(after, "retract", details)
    return tuple(withdrawn)


def _step(source: Stage, target: Stage) -> dict[str, str]:
    return {"from": source.value, "to": target.value}


def _store_filing_row(
    scene: _Scene,
    journal: Journal,
    result: FilingResult,
    missed: Sequence[str],
) -> None:
    session, filing = scene.session, scene.filing
    last = session.scalar(select(func.max(FilingRow.filing_id)))
    patrol = filing.patrol
    entry = FilingEntry(
        filing_id=(last or 0) + 1,
        patrol_id=patrol.patrol_id,
        digest=filing.digest,
        flown_at=patrol.flown_at,
        filed_at=filing.now,
        model_sha256=patrol.model_sha256,
        rule_version=filing.rulebook.version_label,
        result=result,
    )
    session.add(FilingRow(**filing_values(entry)))
    details = {
        "patrol": patrol.patrol_id,
        "digest": filing.digest,
        "model": patrol.model_sha256,
        "rule_version": filing.rulebook.version_label,
        "rejected": len(filing.findings.rejected),
        "photos": marks_of(patrol.photo_sha256.values()),
        **{name: len(numbers) for name, numbers in result.lists().items()},
        "missed": list(missed),
        **({"cooling": dict(result.cooling)} if result.cooling else {}),
        **({"snoozed": dict(result.snoozed)} if result.snoozed else {}),
        **({"outcomes": dict(result.outcomes)} if result.outcomes else {}),
        **({"flown": flown_facts(patrol)} if patrol.is_dated and patrol.flown else {}),
        "filings": {str(entry.filing_id): filing_hash(entry)},
    }
    journal.note("filing", details)
