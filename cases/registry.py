"""EDGE: the cases of a district in a database: file, list, decide, and prove the history."""

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from shapely import Polygon
from sqlalchemy import func, select

from cases import claims
from cases.arranging import Arranging
from cases.deciding import DecidedTogether, Decision, decide, decide_all
from cases.filed_photos import patrol_of
from cases.filing_store import Filing, head_of_filing, store_filing
from cases.flights import Flight, flights
from cases.histories import histories
from cases.journal import Journal
from cases.keeping import Keeping
from cases.lifecycle import Action, Role, Stage, allowed_actions
from cases.listing import Choice, Order, count, in_area, page
from cases.model import (
    Case,
    CaseCount,
    ChainReport,
    Claim,
    Event,
    Evidence,
    FilingEntry,
    FilingResult,
    Findings,
    Head,
    PatrolRecord,
)
from cases.precision import COUNTED, Precision, precision, taken_from, taken_of
from cases.proving import verify_all
from cases.reading import read_evidence
from cases.rows import (
    case_from_row,
    filing_from_row,
)
from cases.rules import Rulebook
from cases.steps import steps_of
from cases.tables import CASES, CaseCountRow, CaseRow, EventRow, EvidenceRow, FilingRow
from cases.updating import filing_digest

_CHUNK = 1000


class Registry(Arranging, Keeping):
    """All cases and their history; may be shared between threads."""

    def file(
        self,
        patrol: PatrolRecord,
        findings: Findings,
        *,
        rulebook: Rulebook,
        footprints: Sequence[Polygon] = (),
        now: datetime,
    ) -> FilingResult:
        """Make cases of the findings of a patrol, or find them again, in one transaction.

        The same patrol with the same findings changes nothing. With other findings it replaces
        what it said before; the evidence of before stays, and so does the judgement of a case
        that a person has decided on. `footprints` of its usable photos tell which cases are gone.

        Raises:
            FiledMeanwhileError: the photos have been filed as another patrol.
        """
        digest = filing_digest(patrol, findings, footprints)
        filing = Filing(patrol, findings, rulebook, tuple(footprints), digest, now)
        with _collecting_later(), self._write() as session:
            return store_filing(session, filing)

    def patrol_of(self, photo_sha256: Mapping[str, str]) -> str | None:
        """Find the filed patrol that photos, hashes by photo id, are of; None for a new one.

        Raises:
            FilingError: the photos are of several patrols, or of one that most are missing of.
        """
        with self._read() as session:
            return patrol_of(session, photo_sha256)

    def cases(
        self,
        *,
        stage: Stage | Sequence[Stage] | None = None,
        category: str | None = None,
        cell: str | None = None,
        patrol: str | None = None,
        bbox: tuple[float, float, float, float] | None = None,
        seen: tuple[datetime | None, datetime | None] | None = None,
        numbers: Collection[str] | None = None,
        order: Order = "urgency",
        after: str | None = None,
        limit: int | None = 200,
    ) -> list[Case]:
        """List cases with their evidence, a page at a time.

        Args:
            stage: one or several; withdrawn cases are listed only when asked for.
            category: its code.
            cell: its code.
            patrol: that found the case first.
            bbox: west, south, east, north in degrees around the cases' points.
            seen: first and last moment of a span in which they were seen; None is an open end.
            numbers: of these cases only.
            order: urgent first, newest or oldest sight first, or by number.
            after: the last case number of the page before.
            limit: cases on a page, None for all.
        """
        choice = Choice(stage, category, cell, patrol, bbox, seen, self._area, numbers)
        with self._read() as session:
            last = self._row(session, after) if after else None
            return page(session, choice, order, last, limit)

    def bare_cases(self) -> list[Case]:
        """List all cases in any stage, by number, without their evidence: enough to count them."""
        of_area = in_area(self._area, CaseRow.town, CaseRow.village)
        query = select(CASES).where(*of_area).order_by(CASES.c.case_no)
        with self._look() as connection:
            return [case_from_row(row, ()) for row in connection.execute(query)]

    def count(
        self,
        *,
        stage: Stage | Sequence[Stage] | None = None,
        category: str | None = None,
        cell: str | None = None,
    ) -> int:
        """Count the cases that `cases` would list, at once however many there are."""
        with self._read() as session:
            return count(session, Choice(stage, category, cell, area=self._area))

    def case(self, case_no: str) -> Case:
        """Look up one case; UnknownCaseError where there is none."""
        with self._read() as session:
            return self._case(session, case_no)

    def evidence(self, case_no: str) -> tuple[Evidence, ...]:
        """List all that was ever filed for a case, oldest first; none of it is ever changed."""
        with self._read() as session:
            self._row(session, case_no)
            return read_evidence(session, case_no)

    def history(self, case_no: str) -> list[Event]:
        """List what happened to a case, oldest first."""
        with self._read() as session:
            self._row(session, case_no)
            return histories(session, [case_no])[case_no]

    def histories(self, case_nos: Iterable[str]) -> dict[str, list[Event]]:
        """List what happened to many cases, each oldest first."""
        with self._read() as session:
            return histories(session, case_nos)

    def possible(
        self, case: Case, role: Role, now: datetime
    ) -> tuple[tuple[Action, ...], Claim | None]:
        """What somebody in a role may do to a case as it was read, and who works on it now."""
        with self._read() as session:
            taken = steps_of(histories(session, [case.case_no])[case.case_no])
            claim = claims.claim_of(session, case.case_no, now)
        return allowed_actions(case.stage, taken, role), claim

    def hands(self, case_nos: Sequence[str], now: datetime) -> dict[str, claims.Hands]:
        """In whose hands the cases of a page are, where they are in anybody's."""
        with self._read() as session:
            return claims.hands(session, case_nos, now)

    def decide(
        self,
        case_no: str,
        action: Action | str,
        *,
        actor: str,
        role: Role = Role.INSPECTOR,
        reason: str = "",
        expected_version: int,
        now: datetime,
        facts: Mapping[str, Any] | None = None,
        look_share: float = 0.0,
    ) -> Case:
        """Take a person's decision on the version of a case that the person saw.

        The entry of the history holds `facts` beside it, such as to whom a case was assigned. Of
        `look_share` of the decisions others are asked for a second look.

        Raises:
            CaseClaimedError: somebody else works on the case.
            StaleCaseError: the case has changed since.
            TransitionError: its stage does not allow the action.
            NotPermittedError: its stage allows the action to others, not to this role.
            ReasonMissingError: the action has to be justified.
        """
        decision = Decision(action, actor, role, reason, now, facts or {}, look_share)
        with self._write() as session:
            case = self._case(session, case_no)
            with Journal(session, actor=actor, now=now) as journal:
                return decide(session, journal, case, expected_version, decision)

    def decide_all(
        self,
        versions: Mapping[str, int],
        action: Action | str,
        *,
        actor: str,
        role: Role = Role.INSPECTOR,
        reason: str = "",
        now: datetime,
        look_share: float = 0.0,
    ) -> DecidedTogether:
        """Take one decision on many cases, each as its version was seen, in one transaction.

        What cannot be decided so is left as it is, and told with the error of `decide`.
        """
        decision = Decision(action, actor, role, reason, now, look_share=look_share)
        with self._write() as session:
            return decide_all(session, versions, decision, self._area)

    def remark_once(
        self, case_no: str, action: str, details: Mapping[str, Any], *, actor: str, now: datetime
    ) -> bool:
        """Note something about a case that changes nothing of it; False where it was noted."""
        with self._write() as session:
            case = self._case(session, case_no)
            said = histories(session, [case_no])[case_no]
            if any(e.action == action and details.items() <= e.details.items() for e in said):
                return False
            with Journal(session, actor=actor, now=now) as journal:
                journal.record(case, action, details)
            return True

    def claim(self, case_no: str, who: str, *, until: datetime, now: datetime) -> Claim:
        """Take a case for a while, or hold one's own longer; CaseClaimedError if another has it.

        A decision on it gives it back.
        """
        with self._lease() as session:
            self._row(session, case_no)
            return claims.claim(session, case_no, who, until=until, now=now)

    def claim_next(
        self,
        who: str,
        *,
        until: datetime,
        now: datetime,
        stage: Stage = Stage.REPORTED,
        category: str | None = None,
        cell: str | None = None,
        order: Order = "urgency",
        after: str | None = None,
    ) -> Claim | None:
        """Take the first case in an order that nobody else works on; None where there is none."""
        with self._lease() as session:
            last = self._row(session, after) if after else None
            choice = Choice(stage, category, cell, area=self._area)
            case_no = claims.next_free(session, choice, who, now=now, order=order, after=last)
            if case_no is None:
                return None
            return claims.claim(session, case_no, who, until=until, now=now)

    def renew(self, case_no: str, who: str, *, until: datetime, now: datetime) -> Claim:
        """Hold one's own case for longer; ClaimError where it is not held any more."""
        with self._lease() as session:
            self._row(session, case_no)
            return claims.renew(session, case_no, who, until=until, now=now)

    def release(self, case_no: str, who: str) -> bool:
        """Give a case back; whether it was held."""
        with self._lease() as session:
            self._row(session, case_no)
            return claims.release(session, case_no, who)

    def note(self, action: str, details: Mapping[str, Any], *, now: datetime) -> None:
        """Add an entry about the registry as a whole, such as that it was restored."""
        with self._write() as session, Journal(session, actor="aerogrid", now=now) as journal:
            journal.note(action, details)

    def counts(self) -> tuple[CaseCount, ...]:
        """Count cases by stage and category."""
        keys = (CaseCountRow.stage, CaseCountRow.category)
        query = select(*keys, func.sum(CaseCountRow.cases)).group_by(*keys).order_by(*keys)
        query = query.where(*in_area(self._area, CaseCountRow.town, CaseCountRow.village))
        with self._read() as session:
            return tuple(
                CaseCount(Stage(stage), category, int(cases))
                for stage, category, cases in session.execute(query)
                if cases
            )

    def precision(self, instead: Sequence[tuple[Case, Sequence[Event]]] = ()) -> Precision:
        """Count how right models and inspectors were, by the decisions that stand.

        Args:
            instead: cases of which other histories count than those that are recorded.
        """
        others = {case.case_no for case, _ in instead}
        about = (CaseRow.case_no, CaseRow.class_name, CaseRow.model_sha256)
        query = (
            select(*about, EventRow.action, EventRow.actor, EventRow.details)
            .join(EventRow, EventRow.case_no == CaseRow.case_no)
            .where(EventRow.action.in_(sorted(COUNTED)))
            .where(*in_area(self._area, CaseRow.town, CaseRow.village))
            .order_by(EventRow.seq)
        )
        with self._read() as session:
            told = [
                (row.case_no, row.class_name, row.model_sha256, row.action, row.actor, row.details)
                for row in session.execute(query)
                if row.case_no not in others
            ]
        blindly = (entry for case, events in instead for entry in taken_of(case, events))
        return precision([*taken_from(told), *blindly])

    def filings(self) -> list[FilingEntry]:
        """List all filings, oldest first; those of an area as far as they filed cases of it."""
        query = select(FilingRow).order_by(FilingRow.filing_id)
        with self._read() as session:
            filings = [filing_from_row(row) for row in session.scalars(query)]
            if self._area.is_district:
                return filings
            of_area = in_area(self._area, CaseRow.town, CaseRow.village)
            own = set(session.scalars(select(CaseRow.case_no).where(*of_area)))
        limited = (replace(entry, result=entry.result.among(own)) for entry in filings)
        return [entry for entry in limited if any(entry.result.lists().values())]

    def flights(self) -> list[Flight]:
        """List when patrols flew, how long and over how much ground, oldest first."""
        with self._read() as session:
            return flights(session)

    def shows(self, patrol_id: str, photo_id: str) -> bool:
        """Whether a photo is evidence of any case."""
        query = select(CaseRow.case_no).join(EvidenceRow, EvidenceRow.case_no == CaseRow.case_no)
        named = (EvidenceRow.patrol_id == patrol_id, EvidenceRow.photo_id == photo_id)
        with self._read() as session:
            wanted = query.where(*named, *in_area(self._area, CaseRow.town, CaseRow.village)).limit(
                1
            )
            return session.scalar(wanted) is not None

    def head_of_filing(self, patrol_id: str) -> Head | None:
        """Look up the entry that ended the last filing of a patrol; None where there is none."""
        with self._read() as session:
            return head_of_filing(session, patrol_id)

    def verify_chain(self, heads: Iterable[Head] = ()) -> ChainReport:
        """Check the whole history, and all that the registry holds against it.

        `heads` that were kept elsewhere have to be in the history, as those of the head file.
        """
        kept = self._heads.read() if self._heads else ()
        with self._read() as session:
            return verify_all(session, (*kept, *heads))


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Look for rings of garbage afterwards: all that a filing makes lives until its end.

    Going through 100,000 cases in memory again and again took a fifth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
