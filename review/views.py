"""The routes of the API, one function each."""

import io
from typing import Annotated, Literal

import segno
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from cases.errors import StaleCaseError
from cases.lifecycle import Action, Role, Stage
from cases.listing import Order
from cases.looks import TAKE_BACK_WITHIN
from cases.model import CaseCount
from cases.people import person_name, visible_line
from review import answers, presenters
from review.admission import BEFORE_SIGN_IN, ClockOf, Data, Guest, ShownTo
from review.blind import (
    Blind,
    LookShares,
    detail_of,
    judge,
    seen,
    seen_detail,
    veiled_cases,
    veiled_detail,
)
from review.decisions import written_reason
from review.errors import ChangedCaseError, MissingPhotoError, UnknownLayerError, UnknownPhotoError
from review.etags import OWN_TAG, tell_version, version_of
from review.memo import MemoOf
from review.veils import count_of, counts_of, listed, page_of, sum_of
from vision.errors import ChangedPhotoError

PAGE = 100
MOST = 500
PRIVATE = {"Cache-Control": "private, max-age=600", "Vary": "Cookie"}

router = APIRouter(prefix="/api")

Line = Annotated[str, StringConstraints(max_length=300), AfterValidator(visible_line)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(person_name)]


class DecisionBody(BaseModel):
    """What somebody decided about the version of a case that they saw, and in which role.

    `If-Match` may name the version instead. Who has signed in may leave out `actor`; a role that is
    left out is the first of the account.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    decision: Literal[
        "confirm", "reject", "wake", "reopen", "undo", "assign", "return", "start", "feed_back",
        "close", "rework", "suspend", "resume", "supervise", "evaluate",
    ]  # fmt: skip
    version: Annotated[int, Field(ge=1)] | None = None
    actor: Name | None = None
    role: Role | None = None
    reason: Line = ""
    note: Line = ""


@router.get("/health", openapi_extra=BEFORE_SIGN_IN)
def get_health(data: Data, visitor: Guest) -> answers.Health:
    """Say whether the registry can be read, and to those who are let in how much there is."""
    cases = sum(entry.count for entry in data.registry.counts())
    if not visitor.scopes:
        return answers.Health("ok", cases=None, photos=None)
    photos = len(data.photos) if visitor.sees_all_photos else None
    return answers.Health("ok", cases=cases, photos=photos)


@router.get("/vocabulary")
def get_vocabulary(request: Request, data: Data) -> answers.Vocabulary:
    """List the classes, categories, stages, reasons and zone layers."""
    return presenters.vocabulary(request.app.version, data.rulebook, data.zones, data.grid)


@router.get("/summary")
def get_summary(data: Data, visitor: Guest, blind: Blind, memo: MemoOf) -> answers.Summary:
    """Count the cases."""
    counts = counts_of(data, blind, _counts(data, visitor, memo))
    return presenters.summary(counts, data.rulebook)


def _counts(data: Data, visitor: Guest, memo: MemoOf) -> tuple[CaseCount, ...]:
    """Cases by stage and category as they are, counted once for each state of the registry."""
    counts: tuple[CaseCount, ...] = memo.get(
        (visitor.area, "counts"), data.news.place(), data.registry.counts
    )
    return counts


@router.get("/precision")
def get_precision(data: Data, visitor: Guest, blind: Blind, clock: ClockOf) -> answers.Precision:
    """Say how right models and inspectors were; inspectors see their own figures only.

    What they judged once more is told to them when it cannot be taken back any more.
    """
    until = clock() - TAKE_BACK_WITHIN if blind.who else None
    veils = [(entry.case, entry.events) for entry in veiled_cases(data, blind)]
    found = data.registry.precision(veils)
    return presenters.precision(found, data.looks.figures(until), only=visitor.judged_as())


@router.get("/cases")
def get_cases(
    data: Data,
    blind: Blind,
    visitor: Guest,
    memo: MemoOf,
    clock: ClockOf,
    stage: Annotated[list[Stage] | None, Query(description="one or several")] = None,
    category: str | None = None,
    cell: str | None = None,
    order: Order = "urgency",
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
) -> answers.CasePage:
    """List cases, the most urgent first unless another order is asked for."""
    page = page_of(
        data, blind, stage=stage, category=category, cell=cell, order=order, after=after,
        limit=limit,
    )  # fmt: skip
    return answers.CasePage(
        items=listed(data, blind, page.cases, clock()),
        total=count_of(data, blind, stage=stage, category=category, cell=cell)
        if cell is not None
        else sum_of(counts_of(data, blind, _counts(data, visitor, memo)), stage, category),
        next=page.next,
    )


@router.get("/cases/{case_no}")
def get_case(
    case_no: str,
    request: Request,
    data: Data,
    blind: Blind,
    clock: ClockOf,
    visitor: Guest,
    role: Role | None = None,
) -> answers.CaseDetail:
    """Show one case with its photos and outlines, and what somebody in a role may do to it."""
    told = seen_detail(data, blind, case_no, visitor.acts_as(role), clock())
    tell_version(request, told.version)
    return told


@router.get("/cases/{case_no}/history")
def get_history(case_no: str, data: Data, blind: Blind) -> answers.History:
    """List what happened to a case, oldest first."""
    shown = seen(data, blind, case_no)
    events = shown.events if shown else data.registry.history(case_no)
    return answers.History([presenters.history_event(event) for event in events])


@router.post("/cases/{case_no}/decision")
def post_decision(
    case_no: str,
    body: DecisionBody,
    request: Request,
    data: Data,
    blind: Blind,
    clock: ClockOf,
    visitor: Guest,
    if_match: Annotated[
        str | None, Header(pattern=OWN_TAG.pattern, description="ETag of the case that was seen")
    ] = None,
) -> answers.CaseDetail:
    """Decide on the version of a case that was seen; 409, or 412, when it has changed since."""
    action, role = Action(body.decision), visitor.acts_as(body.role)
    reason = written_reason(action, body.reason, body.note)
    actor, version = visitor.signs(body.actor), version_of(if_match, body.version)
    shares: LookShares = request.app.state.look_shares
    try:
        told = judge(
            data, blind, case_no, action, role=role, reason=reason, version=version, now=clock()
        )
        if told is not None:
            return veiled_detail(data, told, role, clock())
        case = data.registry.decide(
            case_no,
            action,
            actor=actor,
            role=role,
            reason=reason,
            expected_version=version,
            now=clock(),
            look_share=shares.second,
        )
    except StaleCaseError as error:
        if if_match is None:
            raise
        raise ChangedCaseError(error.version) from error
    return detail_of(data, case, role, clock())


@router.get("/cases/{case_no}/crop.jpg", response_class=Response)
def get_crop(case_no: str, data: Data) -> Response:
    """Show what was seen, cut out of the best photo that still is the one that was judged."""
    changed: ChangedPhotoError | None = None
    for evidence in presenters.by_photo(data.registry.case(case_no).evidence):
        first = evidence[0]
        if not data.photos.path(first.patrol_id, first.photo_id):
            continue
        try:
            marks = presenters.marks(evidence)
            return _jpeg(
                data.photos.crop(first.patrol_id, first.photo_id, first.photo_sha256, marks)
            )
        except ChangedPhotoError as error:
            changed = error
    if changed is not None:
        raise changed
    raise UnknownPhotoError(f"no photo of case {case_no} is in the photo folder")


@router.get("/cases/{case_no}/way.svg", response_class=Response)
def get_way(case_no: str, data: Data) -> Response:
    """Show a code that a phone reads to navigate to the place."""
    case = data.registry.case(case_no)
    code = segno.make_qr(f"geo:{case.lat_deg:.6f},{case.lon_deg:.6f}", error="m")
    content = io.BytesIO()
    code.save(content, kind="svg", scale=4, border=2, light="#ffffff")
    return Response(content.getvalue(), media_type="image/svg+xml", headers=PRIVATE)


@router.get("/photos/{photo_id:path}.jpg", response_class=Response)
def get_photo(
    photo_id: str,
    data: Data,
    visitor: Guest,
    patrol: str | None = None,
    longest_px: Annotated[int | None, Query(alias="max", ge=32, le=16384)] = None,
) -> Response:
    """Show a photo, made smaller if asked; without the whole district only one of its cases."""

    def may_show(patrol_id: str) -> bool:
        return visitor.sees_all_photos or data.registry.shows(patrol_id, photo_id)

    patrol_id = patrol if patrol is not None else data.photos.patrol_of(photo_id, may_show)
    if not may_show(patrol_id):
        raise MissingPhotoError(patrol_id, photo_id)
    frame = data.photos.frame(patrol_id, photo_id)
    longest = max(frame.width_px, frame.height_px) if frame else 0
    if longest_px is None or longest_px >= longest:
        original = data.photos.original(patrol_id, photo_id)
        if original:
            return FileResponse(original, headers=PRIVATE)
    return _jpeg(data.photos.jpeg(patrol_id, photo_id, longest_px or longest))


@router.get("/layers/{layer}.geojson", response_class=Response)
def get_layer(layer: str, shown: ShownTo) -> Response:
    """Show cells or zones as GeoJSON."""
    content = shown.layers.get(layer)
    if content is None:
        raise UnknownLayerError(f"no layer {layer!r}; there are {', '.join(shown.layers)}")
    return Response(content, media_type="application/geo+json")


def _jpeg(content: bytes) -> Response:
    return Response(content, media_type="image/jpeg", headers=PRIVATE)
