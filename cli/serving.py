"""The verbs that open a registry: the review page, the audit of its history, backups."""

import gc
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cases import backup
from cases.database import path_of, without_password
from cases.model import Head
from cases.moving import move
from cases.registry import Registry
from cases.sheet import head_of as head_of_page
from cases.sheet import problems_of
from cli import console
from geo.errors import AerogridError
from geo.raster import read_terrain
from missions.airspace import Airspace
from pipeline.errors import PipelineError
from pipeline.filed_patrols import (
    FiledPatrol,
    FiledPatrols,
    filed_settings,
    refuse_other_registries,
)
from pipeline.filing import registry_of
from pipeline.filings import head_of, refuse_lost_registry
from pipeline.handing_out import write_reviewed, write_sheet
from pipeline.inputs import read_inputs
from pipeline.photo_index import PhotoIndex
from pipeline.settings import SigningIn
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace, require
from review.admission import Entrance
from review.app import create_app
from review.basemap import Basemap
from review.blind import LookShares
from review.controls import read_controls
from review.flights import FlightShelf
from review.guard import LOOPBACK_HOSTS
from review.holdings import PatrolPhotos
from review.openid import Client, OpenId
from review.reflying import Grounds
from review.server import LOOPBACK, Listening
from review.server import serve as run_server
from review.single_sign_on import SingleSignOn
from review.sources import ReviewSources, open_sources

SOUND, BROKEN = 0, 1
MOST_AT_ONCE = 20
"""Patrols that are taken in while somebody waits for an answer; the next look takes more."""

_log = logging.getLogger(__name__)


def serve(
    patrols: Sequence[Path],
    where: Listening,
    names: Sequence[str],
    basemap: Basemap | None,
    flights: Sequence[Path],
    airspace: Airspace | None,
    photo_index: Path | None,
) -> int:
    """Serve the review page until Ctrl-C; layers are those of the first patrol."""
    filed = FiledPatrols(patrols)
    found = filed.begin(console.warn)
    if photo_index is not None:
        with PhotoIndex.opened(photo_index):  # refuses what is none
            pass
    first = found[0].workspace
    inputs, settings = read_inputs(first), filed_settings(first)
    sources = ReviewSources(
        registry=registry_of(first, settings),
        patrols=[_photos(patrol) for patrol in found],
        find=lambda: [_photos(patrol) for patrol in filed.look(_log.warning, MOST_AT_ONCE)],
        grid=None if inputs.cells is None else read_cells(inputs.cells, settings.grids),
        zones=inputs.zones,
        rules=settings.filing.rules,
        categories=settings.filing.categories,
        calendar=settings.dispatching.calendar,
        feedback=Workspace(patrols[0]).feedback,  # whichever patrol of a folder is first
        terrain=None if inputs.dem is None else read_terrain(inputs.dem),
    )
    with open_sources(sources) as data:
        entrance = Entrance(data.accounts, is_local=where.is_local, is_secure=where.is_secure)
        hosts = _host_names(where, names)
        shelf = FlightShelf((*(patrol.workspace.root for patrol in found), *flights))
        _require_accounts(entrance, first.root)
        checks = settings.reviewing
        if checks.controls is not None:
            data.looks.add_controls(read_controls(checks.controls))
        app = create_app(
            data,
            hosts=hosts,
            entrance=entrance,
            basemap=basemap,
            flights=shelf,
            grounds=Grounds(settings.planning, airspace),
            single_sign_on=_single_sign_on(settings.signing_in),
            look_shares=LookShares(checks.second_look_share, checks.control_share),
            photo_index=photo_index,
        )
        gc.freeze()  # what is loaded stays: to look through it for garbage holds answers up
        run_server(app, where, ready=_tell)
    return 0


def _single_sign_on(wanted: SigningIn) -> SingleSignOn | None:
    """The provider that the settings name; its secret is never in a file of ours."""
    if wanted.issuer is None:
        return None
    secret = os.environ.get(wanted.secret, "")
    if not secret:
        raise AerogridError(
            f"signing_in.issuer: the environment variable {wanted.secret} has to hold the secret "
            "of the client at the provider"
        )
    return SingleSignOn(OpenId(Client(wanted.issuer, wanted.client_id, secret, wanted.claim)))


def _host_names(where: Listening, names: Sequence[str]) -> frozenset[str]:
    """Under which names browsers may ask for the page; any other would be somebody else's."""
    if not where.is_local and not names and where.address in (LOOPBACK, "0.0.0.0", "::"):
        raise AerogridError(
            "--host: name the host that browsers ask for, such as --host grid.example; requests "
            "under any other name are refused"
        )
    return LOOPBACK_HOSTS | {where.address} | {name.strip().lower() for name in names}


def _require_accounts(entrance: Entrance, patrol: Path) -> None:
    if entrance.accounts.are_there():
        return
    if not entrance.is_local:
        raise AerogridError(
            "the page is open to everybody who reaches it as long as nobody has an account; make "
            f"one first: `aerogrid account add {patrol} NAME --role administrator`"
        )
    console.warn(
        "there are no accounts: everybody at this machine may decide, by the name they give. "
        "`aerogrid account add` makes the first one, and the page asks for it from then on."
    )


def registry_of_patrol(patrol: Path) -> str | Path:
    """Where the cases of a filed patrol are."""
    workspace = Workspace(patrol)
    require(workspace.filing, "file")
    return registry_of(workspace, filed_settings(workspace))


def export_sheet(patrols: Sequence[Path], case_no: str, out: Path) -> int:
    """Write the page of a case that proves itself."""
    refuse_other_registries(patrols)
    photos = write_sheet(patrols, case_no, out, now=datetime.now(UTC))
    console.out.print(f"{console.where(out)}: case {case_no} with {photos} photos", highlight=False)
    return console.DONE


def export_reviewed(patrols: Sequence[Path], out: Path) -> int:
    """Write what was decided on as COCO."""
    refuse_other_registries(patrols)
    confirmed, rejected = write_reviewed(patrols, out)
    told = f"{confirmed} confirmed and {rejected} rejected outlines"
    console.out.print(f"{console.where(out)}: {told}", highlight=False)
    return console.DONE


def audit(patrols: Sequence[Path], heads: Sequence[str], sheet: Path | None = None) -> int:
    """Verify a page, the registry of patrols, or both against each other; 1 where one is broken."""
    known = [Head(0, head.strip().lower(), f"--head {head}") for head in heads]
    state = SOUND
    if sheet is not None:
        page = _page_text(sheet)
        state = _audit_sheet(page, known)
        known.append(Head(0, head_of_page(page)[1], str(sheet)))
    return max(state, _audit_registry(patrols, known)) if patrols else state


def _page_text(sheet: Path) -> str:
    try:
        return sheet.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PipelineError(
            f"{sheet}: is no text in UTF-8 ({error.reason} at byte {error.start}), so no page that "
            "`aerogrid export --case` wrote; export the case again"
        ) from error


def _audit_sheet(page: str, heads: Sequence[Head]) -> int:
    problems = problems_of(page)
    for problem in problems:
        console.warn(problem)
    case_no, hashed = head_of_page(page)
    state = f"BROKEN at {len(problems)} places" if problems else "intact"
    console.out.print(f"case {case_no}: {state}\nlast entry {hashed}", highlight=False)
    console.out.print("not proven: names of category and department, time of export")
    told = [head for head in heads if head.hash in page]
    console.out.print(f"{len(told)} of {len(heads)} given heads are among its hashes")
    return BROKEN if problems else SOUND


def _audit_registry(patrols: Sequence[Path], heads: Sequence[Head]) -> int:
    refuse_other_registries(patrols)
    first = Workspace(patrols[0])
    known = [*(head_of(Workspace(patrol)) for patrol in patrols), *heads]
    refuse_lost_registry(first)
    with Registry.open(registry_of(first, filed_settings(first))) as registry:
        report = registry.verify_chain(head for head in known if head)
    for problem in report.problems:
        console.warn(problem)
    state = "intact" if report.is_intact else f"BROKEN at {len(report.problems)} places"
    console.out.print(f"{report.events} events: {state}\nhead {report.head}", highlight=False)
    console.out.print(f"{report.heads} heads known from outside were looked for", highlight=False)
    if not report.heads:
        console.warn("without a head from outside nobody can tell whether the end was cut off")
    return SOUND if report.is_intact else BROKEN


def back_up(patrol: Path, out: Path) -> int:
    """Copy the registry of a patrol and prove the copy."""
    copied = backup.back_up(_registry_file(patrol), out)
    _tell_copied(copied)
    return 0


def restore(copy: Path, patrol: Path) -> int:
    """Bring a copy back into the registry of a patrol."""
    restored = backup.restore(copy, _registry_file(patrol), now=datetime.now(UTC))
    _tell_copied(restored.copied)
    if restored.kept is not None:
        console.err.print(f"what was there before: {console.where(restored.kept)}")
    if restored.lost is not None:
        console.warn(
            f"entries up to {restored.lost.seq} were there before and are not in the copy; "
            "`aerogrid audit` names the patrols to file again"
        )
    return 0


def migrate(patrol: Path, url: str) -> int:
    """Copy the registry of a patrol to a server and prove what arrived."""
    moved = move(_registry_file(patrol), url)
    rows = ", ".join(f"{count} {name}" for name, count in moved.rows.items() if count)
    console.out.print(f"{without_password(url)}: {rows}, intact", highlight=False)
    console.out.print(f"head {moved.head.hash}", highlight=False)
    console.err.print(
        "next: filing.registry = this URL in the settings, and `aerogrid file PATROL --config "
        "SETTINGS` for each patrol that is to be served; nothing is filed twice"
    )
    return 0


def _registry_file(patrol: Path) -> Path:
    workspace = Workspace(patrol)
    where = registry_of(workspace, filed_settings(workspace))
    path = path_of(where)
    if path is None:
        raise AerogridError(
            f"{without_password(str(where))}: is on a server; copy it with pg_dump, bring it back "
            "with pg_restore, and look at it with `aerogrid audit`"
        )
    return path


def _tell_copied(copied: backup.Copied) -> None:
    rows = ", ".join(f"{count} {name}" for name, count in copied.rows.items())
    console.out.print(f"{console.where(copied.path)}: {rows}, intact", highlight=False)
    console.out.print(f"head {copied.head.hash}", highlight=False)


def _photos(patrol: FiledPatrol) -> PatrolPhotos:
    return PatrolPhotos(patrol.patrol_id, patrol.photos, patrol.workspace.frames)


def _tell(address: str) -> None:
    console.out.print(f"review page: {address}   (Ctrl-C ends it)", highlight=False)
