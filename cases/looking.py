"""EDGE: who judges which decided case once more, and what they answered."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Table, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from cases import claims
from cases.chain import utc_text
from cases.errors import CaseClaimedError, LookError, StaleCaseError
from cases.histories import histories
from cases.journal import Journal
from cases.ledger import Ledger
from cases.lifecycle import Action, Role, Stage, Step
from cases.listing import in_area
from cases.look_tables import ControlRow, LookRow
from cases.looks import (
    ANSWERS,
    LOOKED,
    TAKE_BACK_WITHIN,
    Kind,
    Look,
    LookFigures,
    LookStep,
    Veiled,
    answered,
    look_figures,
    told_look,
    veiled,
    veils,
)
from cases.model import Claim, Event
from cases.reading import read_cases
from cases.rows import event_from_row
from cases.sampling import AGREED
from cases.steps import next_step
from cases.tables import CaseRow, EventRow

_LOOKS = cast(Table, LookRow.__table__)

FROM_FILE = "file"
_UNDECIDED = (Stage.REPORTED.value, Stage.SNOOZED.value, Stage.WITHDRAWN.value)


class Looks(Ledger):
    """The looks of a registry; may be shared between threads."""

    def next_for(
        self, who: str, *, until: datetime, now: datetime, wants_control: bool = False
    ) -> Look | None:
        """Give somebody a decided case to judge: what they have, a second look, or a control.

        None where there is nothing that they may judge: not their own decisions, nothing that
        they have judged or left already.
        """
        with self._lease() as session:
            row = self._open_of(session, who) or self._second(session, who, now)
            if row is None and wants_control:
                row = self._control(session, who, now)
            if row is None:
                return None
            _give(row, who, until)
            session.flush()
            return _look(row)

    def _open_of(self, session: Session, who: str) -> LookRow | None:
        own = select(LookRow).where(
            LookRow.who == who, LookRow.answer == "", LookRow.passed_by != who
        )
        return session.scalars(own.order_by(LookRow.look_id).limit(1)).first()

    def _second(self, session: Session, who: str, now: datetime) -> LookRow | None:
        query = (
            select(LookRow)
            .join(CaseRow, CaseRow.case_no == LookRow.case_no)
            .where(LookRow.answer == "", LookRow.kind == Kind.SECOND.value)
            .where(LookRow.first_by != who, LookRow.passed_by != who)
            .where(or_(LookRow.who == "", LookRow.until.is_(None), LookRow.until <= now))
            .where(*in_area(self._area, CaseRow.town, CaseRow.village))
        )
        return session.scalars(query.order_by(LookRow.look_id).limit(1)).first()

    def _control(self, session: Session, who: str, now: datetime) -> LookRow | None:
        """A case with a known answer that somebody has neither decided nor judged."""
        judged = exists().where(LookRow.case_no == ControlRow.case_no, LookRow.who == who)
        decided = exists().where(EventRow.case_no == ControlRow.case_no, EventRow.actor == who)
        query = (
            select(ControlRow)
            .join(CaseRow, CaseRow.case_no == ControlRow.case_no)
            .where(~judged, ~decided, CaseRow.stage.not_in(_UNDECIDED))
            .where(*in_area(self._area, CaseRow.town, CaseRow.village))
        )
        known = session.scalars(query.order_by(ControlRow.case_no).limit(1)).first()
        if known is None:
            return None
        row = LookRow(
            case_no=known.case_no,
            kind=Kind.CONTROL.value,
            expected=known.answer,
            first_by="",
            asked_at=now,
            who=who,
            passed_by="",
            answer="",
            reason="",
            steps=[],
        )
        session.add(row)
        return row

    def veils(self, who: str, now: datetime) -> dict[str, Look]:
        """By number the cases that somebody sees as undecided, or as they judged them."""
        return veils(self.standing(now), who, now)

    def standing(self, now: datetime) -> tuple[Look, ...]:
        """All looks for whose sake somebody sees a case otherwise than it is."""
        query = select(_LOOKS).where(
            or_(LookRow.answer == "", LookRow.answered_at > now - TAKE_BACK_WITHIN)
        )
        with self._look() as connection:
            return tuple(map(_look, connection.execute(query.order_by(LookRow.look_id))))

    def hold(self, who: str, case_no: str, *, until: datetime, now: datetime) -> Claim:
        """Take what is judged once more, or keep it for longer, as any case is taken.

        Raises:
            CaseClaimedError: somebody else judges it.
        """
        with self._lease() as session:
            row = self._veiling(session, who, case_no, now)
            if not row.answer:
                _give(row, who, until)
                row.passed_by = ""
            return Claim(case_no, who, until)

    def renew(self, who: str, case_no: str, *, until: datetime, now: datetime) -> Claim:
        """Keep what somebody judges for longer.

        Raises:
            CaseClaimedError: somebody else judges it.
            ClaimError: they do not have it any more.
        """
        with self._lease() as session:
            row = self._veiling(session, who, case_no, now)
            if row.who != who or not _look(row).is_held(now):
                raise claims.not_held(case_no, who)
            row.until = until
            return Claim(case_no, who, until)

    def refuse_held(self, who: str, case_no: str, now: datetime) -> None:
        """Refuse what somebody else judges with CaseClaimedError."""
        with self._lease() as session:
            self._veiling(session, who, case_no, now)

    def leave(self, who: str, case_no: str) -> None:
        """Give back what somebody does not judge; others are asked, they are not again."""
        with self._lease() as session:
            own = select(LookRow).where(LookRow.who == who, LookRow.answer == "")
            for row in session.scalars(own.where(LookRow.case_no == case_no)):
                row.passed_by, row.until, row.steps = who, None, []
                if row.kind == Kind.SECOND.value:
                    row.who = ""

    def judge(
        self,
        who: str,
        case_no: str,
        action: Action,
        *,
        role: Role,
        reason: str,
        expected_version: int,
        now: datetime,
    ) -> Veiled:
        """Take a step with a case as it stands for who judges it once more; the history tells it.

        The case stays as it is.

        Raises:
            LookError: it is not judged once more any more.
            CaseClaimedError, StaleCaseError, TransitionError, NotPermittedError,
            ReasonMissingError: as for any decision.
        """
        with self._write() as session:
            row = self._veiling(session, who, case_no, now)
            before = self._veiled(session, _look(row), who)
            if before.case.version != expected_version:
                raise StaleCaseError(case_no, expected_version, before.case.version)
            step = next_step(before.case, str(action), role, reason, before.taken)
            after = answered(replace(before.look, who=who), step, reason, now)
            entry = _note(session, after, step, now)
            row.who, row.passed_by = who, ""
            row.answer, row.reason = after.answer, after.reason
            row.answered_at, row.until = after.answered_at, None
            row.steps = [*map(_told, before.look.steps), _told(_step(entry, step, reason))]
            _remember(session, row)
            session.flush()
            return self._veiled(session, _look(row), who)

    def veiled(self, look: Look, who: str) -> Veiled:
        """A case as it stands for who judges it once more."""
        with self._read() as session:
            return self._veiled(session, look, who)

    def _veiled(self, session: Session, look: Look, who: str) -> Veiled:
        case = self._case(session, look.case_no)
        return veiled(case, histories(session, [look.case_no])[look.case_no], look, who)

    def _veiling(self, session: Session, who: str, case_no: str, now: datetime) -> LookRow:
        """The row for whose sake somebody sees a case as undecided, if nobody else judges it."""
        self._row(session, case_no)
        rows = session.scalars(select(LookRow).where(LookRow.case_no == case_no))
        look = veils(map(_look, rows), who, now).get(case_no)
        if look is None:
            raise LookError(case_no, "", ())
        if look.who != who and look.is_held(now) and look.until is not None:
            raise CaseClaimedError(case_no, look.who, look.until)
        row = session.get(LookRow, look.look_id)
        assert row is not None, "read in this transaction"
        return row

    def add_controls(self, answers: Mapping[str, str], *, source: str = FROM_FILE) -> int:
        """Add cases whose answer is known; gives how many there are then.

        Raises:
            UnknownCaseError: there is no such case.
            LookError: an answer is no confirmation or rejection, or the case is not decided yet.
        """
        with self._write() as session:
            for case_no, answer in answers.items():
                if answer not in ANSWERS:
                    raise LookError(case_no, answer, tuple(map(str, ANSWERS)))
                if self._row(session, case_no).stage in _UNDECIDED:
                    raise LookError(case_no, "control", ())
                session.merge(ControlRow(case_no=case_no, answer=answer, source=source))
            session.flush()
            return int(session.scalar(select(func.count()).select_from(ControlRow)) or 0)

    def figures(self, until: datetime | None = None) -> LookFigures:
        """Count what the history tells of looks at cases of the area, up to a moment if given."""
        notes = select(EventRow).where(EventRow.case_no.is_(None), EventRow.action == LOOKED)
        waiting = select(LookRow.case_no).where(
            LookRow.answer == "", LookRow.kind == Kind.SECOND.value
        )
        with self._read() as session:
            events = [event_from_row(row) for row in session.scalars(notes.order_by(EventRow.seq))]
            pending = list(session.scalars(waiting))
            named = {str(event.details["case"]) for event in events} | set(pending)
            own = self._own(session, named)
        told = (
            event
            for event in events
            if event.details["case"] in own and (until is None or event.at <= until)
        )
        return look_figures(told, sum(case_no in own for case_no in pending))

    def _own(self, session: Session, case_nos: Iterable[str]) -> set[str]:
        if self._area.is_district:
            return set(case_nos)
        cases = read_cases(session, sorted(case_nos)).values()
        return {c.case_no for c in cases if self._area.holds(c.place.town, c.place.village)}


def _give(row: LookRow, who: str, until: datetime) -> None:
    if row.who != who:
        row.steps = []
    row.who, row.until = who, until


def _note(session: Session, look: Look, step: Step, now: datetime) -> Event:
    with Journal(session, actor=look.who, now=now) as journal:
        journal.note(LOOKED, told_look(look, step))
        return journal.last


def _remember(session: Session, row: LookRow) -> None:
    """A case on which a second look agrees is known from then on, as long as the look stands."""
    if row.kind != Kind.SECOND.value:
        return
    if row.answer == row.expected:
        session.merge(ControlRow(case_no=row.case_no, answer=row.answer, source=AGREED))
        return
    known = delete(ControlRow).where(ControlRow.case_no == row.case_no)
    session.execute(known.where(ControlRow.source == AGREED))


def _step(entry: Event, step: Step, reason: str) -> LookStep:
    return LookStep(step, reason, entry.at, entry.seq, entry.hash)


def _told(entry: LookStep) -> dict[str, Any]:
    step = entry.step
    return {
        "action": step.action.value,
        "from": step.source.value,
        "to": step.target.value,
        "reason": entry.reason,
        "at": utc_text(entry.at),
        "seq": entry.seq,
        "hash": entry.hash,
    }


def _heard(told: Mapping[str, Any]) -> LookStep:
    step = Step(Action(told["action"]), Stage(told["from"]), Stage(told["to"]))
    at = datetime.fromisoformat(told["at"])
    return LookStep(step, told["reason"], at, told["seq"], told["hash"])


def _look(row: LookRow | Row[Any]) -> Look:
    return Look(
        look_id=row.look_id,
        case_no=row.case_no,
        kind=Kind(row.kind),
        expected=row.expected,
        first_by=row.first_by,
        asked_at=row.asked_at,
        who=row.who,
        until=row.until,
        passed_by=row.passed_by,
        answer=row.answer,
        reason=row.reason,
        answered_at=row.answered_at,
        steps=tuple(map(_heard, row.steps)),
    )
