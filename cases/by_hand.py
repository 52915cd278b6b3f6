"""EDGE: what people add to cases themselves: outlines that they draw, photos from the place."""

from datetime import datetime

from cases.attaching import PlacePhoto, store_photo
from cases.drawing import Draughtsman, Stroke
from cases.drawing_store import store_class, store_drawing, store_stroke
from cases.filing_store import Filing
from cases.ledger import Ledger
from cases.lifecycle import Role
from cases.model import Case, Findings, PatrolRecord
from cases.passing import store_passing
from cases.rules import Rulebook


class ByHand(Ledger):
    """A registry to which people add what they drew and photographed."""

    def redraw(
        self,
        case_no: str,
        stroke: Stroke,
        *,
        actor: str,
        role: Role = Role.INSPECTOR,
        expected_version: int,
        now: datetime,
    ) -> Case:
        """Take an outline that a person corrected; the one before stays in the evidence.

        Raises:
            DrawingError: the case has no such outline.
        """
        with self._write() as session:
            case = self._case(session, case_no)
            return store_stroke(
                session, case, stroke, Draughtsman(actor, role, now), expected_version
            )

    def draw(
        self, patrol: PatrolRecord, findings: Findings, *, rulebook: Rulebook, by: Draughtsman
    ) -> Case:
        """Make a case of what a person drew in a photo of a patrol.

        Raises:
            NoCaseError: no rule makes a case of it.
            KnownCaseError: it is one already.
            DrawingError: it lies outside the area.
        """
        filing = Filing(patrol, findings, rulebook, (), digest="", now=by.now)
        with self._write() as session:
            return store_drawing(session, filing, by, self._area)

    def reclassify(
        self, case_no: str, findings: Findings, *, expected_version: int, by: Draughtsman
    ) -> Case:
        """Take it that a case shows something of another class; `findings` judge it as that.

        Raises:
            NoCaseError: no rule makes a case of it.
            DrawingError: it is of that class already.
            CaseClaimedError, StaleCaseError, TransitionError, NotPermittedError: as ever.
        """
        with self._write() as session:
            case = self._case(session, case_no)
            return store_class(session, case, findings, by, expected_version)

    def pass_on(self, case_no: str, *, note: str, expected_version: int, by: Draughtsman) -> Case:
        """Leave a case that somebody is not sure of to others; they are not given it again.

        Raises:
            CaseClaimedError, StaleCaseError: as ever.
        """
        with self._write() as session:
            case = self._case(session, case_no)
            return store_passing(session, case, note, by, expected_version)

    def attach(self, case_no: str, photo: PlacePhoto, *, by: Draughtsman) -> Case:
        """Note a photo that somebody took at the place; one that is noted already is left.

        Raises:
            AttachmentError: the case has as many as it may have.
            TransitionError, NotPermittedError: nobody, or not this role, adds photos now.
        """
        with self._write() as session:
            return store_photo(session, self._case(session, case_no), photo, by)
