"""What the stream of news says, and to whom."""

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime

from fastapi.sse import ServerSentEvent
from pydantic import BaseModel

from cases.looks import tells_no_decision
from dispatch.news import Batch, Change, Place
from dispatch.notices import NoticeEntry
from dispatch.policies import FILED
from dispatch.wording import event_words
from review.alerting import told_of
from review.answers import Label
from review.blind import Blindfold

_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})")


class CaseNews(BaseModel):
    """An entry of the history of a case, with what the case is now."""

    seq: int
    at: datetime
    actor: str
    action: str
    no: str
    category: str
    class_name: str
    stage: str
    urgency: int
    cell_code: str
    town: str
    village: str
    reason: str


class AlertNews(BaseModel):
    """Something that people are told of."""

    event: str
    event_label: Label
    category: str
    cell: str
    cases: tuple[str, ...]
    at: datetime


class News:
    """What has happened next: changes, then notices, each with the event that tells it in full.

    Made once for all who listen; each event's id is the place that is known with it.
    """

    def __init__(self, batch: Batch, after: Place) -> None:
        """Write what came after a place."""
        self.place = batch.place
        self._notice_id = after.notice_id
        self._changes = [(change, self._of_change(change)) for change in batch.changes]
        self._judged = batch.judged
        seq = batch.changes[-1].seq if batch.changes else after.seq
        self._notices = [(entry, _of_notice(entry, entry.case_nos, seq)) for entry in batch.notices]
        self._seq = seq

    @property
    def events(self) -> tuple[ServerSentEvent, ...]:
        """For those who may know all."""
        return tuple(event for _, event in (*self._changes, *self._notices))

    def seen_by(self, blind: Blindfold) -> Iterator[ServerSentEvent]:
        """For those who must not know of some decisions; their own are told as any are."""
        told = sorted(self._told(blind), key=lambda pair: pair[0].seq)
        yield from (event for _, event in told)
        for notice, event in self._notices:
            cases = told_of(notice, blind)
            if cases:
                is_whole = cases == notice.case_nos
                yield event if is_whole else _of_notice(notice, cases, self._seq)

    def _told(self, blind: Blindfold) -> Iterator[tuple[Change, ServerSentEvent]]:
        for change, event in self._changes:
            if change.case_no not in blind.looks:
                yield change, event
            elif change.action == FILED or tells_no_decision(change.action):
                yield self._as_seen(change, blind)
        for change in self._judged:
            if change.actor == blind.who:
                yield self._as_seen(change, blind)

    def _as_seen(self, change: Change, blind: Blindfold) -> tuple[Change, ServerSentEvent]:
        look = blind.looks.get(change.case_no)
        seen = replace(change, stage=look.stage.value) if look else change
        return seen, self._of_change(seen)

    def _of_change(self, change: Change) -> ServerSentEvent:
        told = {("no" if name == "case_no" else name): v for name, v in asdict(change).items()}
        event_id = written(Place(change.seq, self._notice_id))
        data = CaseNews(**told).model_dump_json()
        return ServerSentEvent(event="case", id=event_id, raw_data=data)


def _of_notice(notice: NoticeEntry, case_nos: tuple[str, ...], seq: int) -> ServerSentEvent:
    words = event_words(notice.event)
    news = AlertNews(
        event=notice.event,
        event_label=Label(words.en, words.zh),
        category=notice.category,
        cell=notice.cell_code,
        cases=case_nos,
        at=notice.created_at,
    )
    event_id = written(Place(seq, notice.notice_id))
    return ServerSentEvent(event="alert", id=event_id, raw_data=news.model_dump_json())


def place_of(text: str | None) -> Place | None:
    """Read the id of an event; None where nobody named one, or none that we gave."""
    found = _PLACE.fullmatch(text or "")
    return Place(int(found[1]), int(found[2])) if found else None


def written(place: Place) -> str:
    """Write a place as the id of an event."""
    return f"{place.seq}.{place.notice_id}"
