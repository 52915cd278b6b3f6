"""The routes of alerts: what people are told of just now, and the link that acknowledges."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from dispatch.alerts import State
from dispatch.notices import NoticeEntry
from dispatch.policies import FILED
from dispatch.wording import event_words
from review.admission import BEFORE_SIGN_IN, ClockOf, Data
from review.answers import Label
from review.blind import Blind, Blindfold
from review.veils import visible

STATIC = Path(__file__).parent / "static"
MOST = 200

router = APIRouter()


class Notice(BaseModel):
    """One event that people were told of.

    `level` counts the levels of the territory told beyond the first; `states` the alerts by state.
    """

    event: str
    event_label: Label
    category: str
    category_label: Label
    cell: str
    cases: tuple[str, ...]
    created_at: datetime
    level: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    ended_at: datetime | None
    states: dict[str, int]


class Subject(BaseModel):
    """What the link of an alert is about; a digest is about several cases."""

    case_no: str
    cases: tuple[str, ...]
    event: str
    event_label: Label
    acknowledged_by: str | None


class Acknowledgement(BaseModel):
    """Who acknowledged first, and when."""

    case_no: str
    cases: tuple[str, ...]
    by: str
    at: datetime


@router.get("/api/alerts")
def get_alerts(
    response: Response,
    data: Data,
    blind: Blind,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="as the `Link` has it")] = None,
) -> list[Notice]:
    """List what people were told of, newest first; the header `Link` leads to older ones."""
    found = data.outbox.notices(limit + 1, before)
    if len(found) > limit:
        after = urlencode({"limit": limit, "before": found[limit - 1].notice_id})
        response.headers["Link"] = f'</api/alerts?{after}>; rel="next"'
    names = {entry.code: entry.name for entry in data.rulebook.categories}
    return [
        Notice(
            event=entry.event,
            event_label=_label(entry.event),
            category=entry.category,
            category_label=Label(names[entry.category].en, names[entry.category].zh)
            if entry.category in names
            else Label(entry.category, entry.category),
            cell=entry.cell_code,
            cases=cases,
            created_at=entry.created_at,
            level=entry.level,
            acknowledged_at=entry.acknowledged_at,
            acknowledged_by=entry.acknowledged_by,
            **_course_of(entry, cases, blind),
        )
        for entry in found[:limit]
        if (cases := told_of(entry, blind))
    ]


@router.get("/api/alerts/{token}", openapi_extra=BEFORE_SIGN_IN)
def get_subject(token: str, data: Data) -> Subject:
    """Say what the link of an alert is about."""
    alert = data.outbox.subject(token)
    return Subject(
        case_no=alert.case_nos[0],
        cases=alert.case_nos,
        event=alert.event,
        event_label=_label(alert.event),
        acknowledged_by=alert.acknowledged_by,
    )


@router.post("/api/alerts/{token}/acknowledge", openapi_extra=BEFORE_SIGN_IN)
def post_acknowledge(
    token: str, _: Annotated[dict[str, Any], Body()], data: Data, clock: ClockOf
) -> Acknowledgement:
    """Acknowledge an alert; the first answer counts, and what else a gateway tells does not."""
    seen = data.outbox.acknowledge(token, now=clock())
    return Acknowledgement(case_no=seen.case_nos[0], cases=seen.case_nos, by=seen.by, at=seen.at)


@router.api_route("/alerts", methods=["GET", "HEAD"], include_in_schema=False)
@router.get("/alerts/{token}", include_in_schema=False)
def get_page(token: str = "") -> FileResponse:
    """Show the live list, or ask whoever opened a link; opening it acknowledges nothing yet.

    Messengers open links by themselves, so only the button on the page does.
    """
    return FileResponse(STATIC / "alerts.html", headers={"Cache-Control": "no-cache"})


def told_of(entry: NoticeEntry, blind: Blindfold) -> tuple[str, ...]:
    """Cases of a notice that the visitor may be told of: its event may tell how one was decided."""
    return entry.case_nos if entry.event == FILED else visible(blind, entry.case_nos)


def _course_of(entry: NoticeEntry, case_nos: tuple[str, ...], blind: Blindfold) -> dict[str, Any]:
    """When a notice ended and what became of it; neither tells how a veiled case was decided."""
    if visible(blind, case_nos) == case_nos:
        return {"ended_at": entry.ended_at, "states": entry.states}
    return {
        "ended_at": None,
        "states": {state: n for state, n in entry.states.items() if state != State.CANCELLED},
    }


def _label(event: str) -> Label:
    words = event_words(event)
    return Label(words.en, words.zh)
