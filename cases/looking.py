"""EDGE: who judges which decided case once more, and what they answered."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from cases.errors import LookError, ReasonMissingError
from cases.journal import Journal
from cases.ledger import Ledger
from cases.lifecycle import Action, Stage
from cases.listing import in_area
from cases.look_tables import ControlRow, LookRow
from cases.looks import (
    ANSWERS,
    LOOKED,
    TAKE_BACK_WITHIN,
    Kind,
    Look,
    LookFigures,
    look_figures,
    told_look,
)
from cases.reading import read_cases
from cases.rows import event_from_row
from cases.sampling import AGREED
from cases.tables import CaseRow, EventRow

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
            row.who, row.until = who, until
            session.flush()
            return _look(row)

    def _open_of(self, session: Session, who: str) -> LookRow | None:
        own = select(LookRow).where(LookRow.who == who, LookRow.answer == "")
        return session.scalars(own.order_by(LookRow.look_id).limit(1)).first()

    def _second(self, session: Session, who: str, now: datetime) -> LookRow | None:
        query = (
            select(LookRow)
            .join(CaseRow, CaseRow.case_no == LookRow.case_no)
            .where(LookRow.answer == "", LookRow.kind == Kind.SECOND.value)
            .where(LookRow.first_by != who, LookRow.passed_by != who)
            .where(or_(LookRow.who == "", LookRow.until <= now))
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
        )
        session.add(row)
        return row

    def held(self, who: str, case_no: str | None = None) -> Look | None:
        """What somebody has to judge now, if it is this case where one is named."""
        with self._read() as session:
            row = self._open_of(session, who)
            return _look(row) if row and case_no in (None, row.case_no) else None

    def hold(self, who: str, case_no: str, until: datetime) -> Look | None:
        """Keep what somebody judges for longer; None where it is not theirs."""
        with self._lease() as session:
            row = self._open_of(session, who)
            if row is None or row.case_no != case_no:
                return None
            row.until = until
            return _look(row)

    def leave(self, who: str, case_no: str) -> bool:
        """Give back what somebody does not judge; others are asked, they are not again."""
        with self._lease() as session:
            row = self._open_of(session, who)
            if row is None or row.case_no != case_no:
                return False
            if row.kind == Kind.CONTROL.value:
                session.delete(row)
            else:
                row.who, row.until, row.passed_by = "", None, who
            return True

    def hidden_from(self, who: str) -> frozenset[str]:
        """Cases whose decision somebody must not see, because they may have to judge them."""
        waiting = (LookRow.kind == Kind.SECOND.value) & (LookRow.first_by != who)
        query = select(LookRow.case_no).where(LookRow.answer == "", waiting | (LookRow.who == who))
        with self._look() as connection:
            return frozenset(connection.scalars(query))

    def answer(self, look: Look, answer: str, reason: str, *, now: datetime) -> Look:
        """Keep how somebody judged; the case stays as it is, the history tells of it.

        Raises:
            LookError: it was given to somebody else, or is no confirmation or rejection.
            ReasonMissingError: a rejection has to be justified here, too.
        """
        if answer not in ANSWERS:
            raise LookError(look.case_no, answer, tuple(map(str, ANSWERS)))
        if answer == Action.REJECT and not reason.strip():
            raise ReasonMissingError(look.case_no, answer)
        with self._write() as session:
            row = session.get(LookRow, look.look_id)
            if row is None or row.who != look.who or row.answer:
                raise LookError(look.case_no, answer, ())
            row.answer, row.reason, row.answered_at = answer, reason, now
            done = _look(row)
            _note(session, done, now)
            if row.kind == Kind.SECOND.value and answer == row.expected:
                session.merge(ControlRow(case_no=row.case_no, answer=answer, source=AGREED))
            return done

    def take_back(self, who: str, case_no: str, *, until: datetime, now: datetime) -> Look | None:
        """Take somebody's answer back that they gave just before; None where there is none."""
        with self._write() as session:
            query = select(LookRow).where(LookRow.case_no == case_no, LookRow.who == who)
            recent = query.where(LookRow.answered_at > now - TAKE_BACK_WITHIN)
            row = session.scalars(recent.order_by(LookRow.answered_at.desc()).limit(1)).first()
            if row is None:
                return None
            row.answer, row.reason, row.answered_at, row.until = "", "", None, until
            _note(session, _look(row), now)
            return _look(row)

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

    def figures(self) -> LookFigures:
        """Count what the history tells of looks at cases of the area."""
        notes = select(EventRow).where(EventRow.case_no.is_(None), EventRow.action == LOOKED)
        waiting = select(LookRow.case_no).where(
            LookRow.answer == "", LookRow.kind == Kind.SECOND.value
        )
        with self._read() as session:
            events = [event_from_row(row) for row in session.scalars(notes.order_by(EventRow.seq))]
            pending = list(session.scalars(waiting))
            named = {str(event.details["case"]) for event in events} | set(pending)
            own = self._own(session, named)
        told = (event for event in events if event.details["case"] in own)
        return look_figures(told, sum(case_no in own for case_no in pending))

    def _own(self, session: Session, case_nos: Iterable[str]) -> set[str]:
        if self._area.is_district:
            return set(case_nos)
        cases = read_cases(session, sorted(case_nos)).values()
        return {c.case_no for c in cases if self._area.holds(c.place.town, c.place.village)}


def _note(session: Session, look: Look, now: datetime) -> None:
    with Journal(session, actor=look.who, now=now) as journal:
        journal.note(LOOKED, told_look(look))


def _look(row: LookRow) -> Look:
    return Look(
        look_id=row.look_id,
        case_no=row.case_no,
        kind=Kind(row.kind),
        expected=row.expected,
        first_by=row.first_by,
        who=row.who,
        until=row.until,
        answer=row.answer,
        reason=row.reason,
    )
