"""EDGE: one registry as somebody of an area sees it: its cases by number, and how it is written."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from cases.database import explained, fleeting, in_turn, path_of, session_of
from cases.errors import UnknownCaseError
from cases.heads import heads_beside
from cases.model import Case, Head
from cases.reading import read_cases
from cases.store import AreaStore
from cases.tables import CaseRow, EventRow


class Ledger(AreaStore):
    """What every use of the registry rests on; may be shared between threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._leasing = fleeting(engine)
        path = path_of(str(engine.url))
        self._heads = heads_beside(path) if path else None

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with in_turn(self._engine), explained(self._engine), ExitStack() as stack:
            session = stack.enter_context(session_of(self._writing))
            with session.begin():
                yield session
                head = _head(session)
                keep = self._heads and stack.enter_context(self._heads.appending())
            if keep and head:
                keep(head)

    @contextmanager
    def _lease(self) -> Iterator[Session]:
        """Change who works on what; the history stays as it is, so that nothing has to be kept."""
        with (
            in_turn(self._engine),
            explained(self._engine),
            session_of(self._leasing) as session,
            session.begin(),
        ):
            yield session

    def _case(self, session: Session, case_no: str) -> Case:
        case = read_cases(session, [case_no]).get(case_no)
        if case is None or not self._area.holds(case.place.town, case.place.village):
            raise UnknownCaseError(case_no)
        return case

    def _row(self, session: Session, case_no: str) -> CaseRow:
        row = session.get(CaseRow, case_no)
        if row is None or not self._area.holds(row.town, row.village):
            raise UnknownCaseError(case_no)
        return row


def _head(session: Session) -> Head | None:
    query = select(EventRow.seq, EventRow.hash).order_by(EventRow.seq.desc()).limit(1)
    last = session.execute(query).first()
    return Head(last.seq, last.hash) if last else None
