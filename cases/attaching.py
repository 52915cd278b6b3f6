"""EDGE: note photos that people took at the place of a case, inside one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cases.drawing import Draughtsman
from cases.errors import AttachmentError, NotPermittedError, TransitionError
from cases.histories import histories
from cases.journal import Journal
from cases.lifecycle import Role, Stage
from cases.model import Case, Event

PHOTO = "photo"
MOST_PHOTOS = 20

_STAGES = frozenset({Stage.ASSIGNED, Stage.HANDLING, Stage.FED_BACK})
_ROLES = frozenset({Role.OFFICER, Role.INSPECTOR, Role.COMMAND, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class PlacePhoto:
    """A photo from the place, known by the hash of its file.

    Attributes:
        size_bytes: of the file, which is kept as it was sent, with all its tags.
        taken_at: as its tags say, None where they do not; phones rarely say their zone, so it is
            the clock of the phone.
    """

    sha256: str
    size_bytes: int
    taken_at: str | None = None
    lon_deg: float | None = None
    lat_deg: float | None = None


def refuse_early(case: Case, role: Role) -> None:
    """Refuse stages and roles in which nobody adds photos."""
    if case.stage not in _STAGES:
        raise TransitionError(case.case_no, case.stage, PHOTO, ())
    if role not in _ROLES:
        raise NotPermittedError(case.case_no, PHOTO, role.value, ())


def store_photo(session: Session, case: Case, photo: PlacePhoto, by: Draughtsman) -> Case:
    """Note a photo in the history of a case."""
    refuse_early(case, by.role)
    known = photos_of(histories(session, [case.case_no])[case.case_no])
    if photo.sha256 in known:
        return case
    if len(known) >= MOST_PHOTOS:
        raise AttachmentError(
            f"case {case.case_no} has {MOST_PHOTOS} photos from the place already, which is the "
            "most; hand it on with these"
        )
    place = None if photo.lon_deg is None else [photo.lon_deg, photo.lat_deg]
    details = {
        "photo_sha256": photo.sha256,
        "size_bytes": photo.size_bytes,
        "taken_at": photo.taken_at,
        "lonlat": place,
        "role": by.role.value,
    }
    with Journal(session, actor=by.actor, now=by.now) as journal:
        return journal.record(case, PHOTO, details)


def photos_of(events: Iterable[Event]) -> list[str]:
    """Hashes of the photos from the place that a history tells of, oldest first."""
    return [str(event.details["photo_sha256"]) for event in events if event.action == PHOTO]
