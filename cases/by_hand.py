"""EDGE: what people add to cases themselves: outlines that they draw, photos from the place."""

from datetime import datetime

from cases.attaching import PlacePhoto, store_photo
from cases.drawing import Draughtsman, Stroke
from cases.drawing_store import store_drawing, store_stroke
from cases.filing_store import Filing
from cases.ledger import Ledger
from cases.lifecycle import Role
from cases.model import Case, Findings, PatrolRecord
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

    def attach(self, case_no: str, photo: PlacePhoto, *, by: Draughtsman) -> Case:
        """Note a photo that somebody took at the place; one that is noted already is left.

        Raises:
            AttachmentError: the case has as many as it may have.
            TransitionError, NotPermittedError: nobody, or not this role, adds photos now.
        """
        with self._write() as session:
            return store_photo(session, self._case(session, case_no), photo, by)
