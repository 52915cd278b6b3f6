"""What the verbs of accounts do."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from cases.accounts import Accounts
from cases.people import Account, Area, roles_of, scopes_of, visible_line
from cases.registry import Registry
from cli import console
from cli.serving import registry_of_patrol
from geo.errors import AerogridError
from pipeline.inputs import patrol_settings, read_inputs
from pipeline.surroundings import read_cells
from pipeline.workspace import Workspace


def account_of(
    name: str, display_name: str, roles: Sequence[str], town: str, village: str
) -> Account:
    """Make the value of an account out of what was typed."""
    return Account(
        name=name, display_name=display_name, roles=roles_of(roles), area=Area(town, village)
    )


def add(patrol: Path, account: Account, password_file: Path | None) -> int:
    """Make an account."""
    with _opened(patrol) as accounts:
        _require_place(patrol, account.area)
        is_first = not accounts.are_there()
        accounts.add(account, _password(password_file))
    _tell(account)
    if is_first:
        console.warn("from now on everybody has to sign in to the review page")
    return console.DONE


def list_accounts(patrol: Path, *, as_json: bool) -> int:
    """List all accounts."""
    with _opened(patrol) as accounts:
        found = accounts.all()
    if as_json:
        return _write_json(_plain(account) for account in found)
    rows = [(a.name, a.display_name, ", ".join(a.roles), _area(a.area), _state(a)) for a in found]
    console.show("accounts", ("account", "name", "roles", "area", ""), rows)
    return console.DONE


def change(patrol: Path, name: str, roles: Sequence[str], town: str, village: str) -> int:
    """Give an account other roles and another area."""
    area = Area(town, village)
    with _opened(patrol) as accounts:
        _require_place(patrol, area)
        was_keeper = accounts.account(name).is_keeper
        _tell(accounts.change(name, roles=roles_of(roles), area=area))
        _warn_of_none(accounts, was_keeper)
    return console.DONE


def set_password(patrol: Path, name: str, password_file: Path | None) -> int:
    """Give an account another password."""
    with _opened(patrol) as accounts:
        accounts.account(name)
        accounts.set_password(name, _password(password_file))
    told = f"{name}: has another password; sessions have ended, tokens are taken back"
    console.out.print(told, highlight=False)
    return console.DONE


def deactivate(patrol: Path, name: str) -> int:
    """Let nobody in by an account."""
    with _opened(patrol) as accounts:
        was_keeper = accounts.account(name).is_keeper
        accounts.deactivate(name)
        _tell(accounts.account(name))
        _warn_of_none(accounts, was_keeper)
    return console.DONE


def activate(patrol: Path, name: str) -> int:
    """Let an account be used again."""
    with _opened(patrol) as accounts:
        accounts.activate(name)
        _tell(accounts.account(name))
    return console.DONE


def list_sign_ins(patrol: Path, limit: int, *, as_json: bool) -> int:
    """List the last tries to sign in, newest first."""
    with _opened(patrol) as accounts:
        found = accounts.sign_ins(limit)
    rows = [(entry.at.isoformat(), entry.name, entry.address, entry.outcome) for entry in found]
    names = ("at", "account", "from", "outcome")
    if as_json:
        return _write_json(dict(zip(names, row, strict=True)) for row in rows)
    console.show("sign-ins", names, rows)
    return console.DONE


def add_token(patrol: Path, name: str, label: str, scopes: Sequence[str], days: int) -> int:
    """Make a token and tell it."""
    try:
        visible_line(label)
    except ValueError as error:
        raise AerogridError(f"--label {error}") from error
    with _opened(patrol) as accounts:
        token = accounts.add_token(
            name, label, scopes_of(scopes), life=timedelta(days=days), now=datetime.now(UTC)
        )
    print(token)
    console.warn("it is kept nowhere: put it where the program finds it, and nobody else")
    return console.DONE


def list_tokens(patrol: Path, *, as_json: bool) -> int:
    """List all tokens."""
    with _opened(patrol) as accounts:
        found = accounts.tokens()
    names = ("id", "account", "for", "scopes", "until")
    rows = [
        (t.token_id, t.account, t.label, " ".join(t.scopes), t.ends_at.isoformat()) for t in found
    ]
    if as_json:
        return _write_json(dict(zip(names, row, strict=True)) for row in rows)
    console.show("tokens", names, rows)
    return console.DONE


def revoke_token(patrol: Path, token_id: str) -> int:
    """Take a token back."""
    with _opened(patrol) as accounts:
        accounts.revoke_token(token_id)
    console.out.print(f"token {token_id} lets nobody in any more", highlight=False)
    return console.DONE


@contextmanager
def _opened(patrol: Path) -> Iterator[Accounts]:
    with Accounts.open(registry_of_patrol(patrol)) as accounts:
        yield accounts


def _warn_of_none(accounts: Accounts, was_keeper: bool) -> None:
    """Say that the last one has gone who kept the accounts on the page."""
    if was_keeper and not any(account.is_keeper for account in accounts.all()):
        console.warn(
            "no active administrator of the whole district is left: until one is made here, "
            "nobody keeps accounts on the page"
        )


def _require_place(patrol: Path, area: Area) -> None:
    """Refuse a town or village that neither cells nor cases know: nobody would see anything."""
    if area.is_district:
        return
    workspace = Workspace(patrol)
    cells, grids = read_inputs(workspace).cells, patrol_settings(workspace, None).grids
    known = {(c.town, c.village) for c in read_cells(cells, grids)} if cells else set()
    if any(area.holds(*place) for place in known):
        return
    with Registry.open(registry_of_patrol(patrol)) as registry:
        if registry.within(area).count():
            return
    towns = sorted({town for town, village in known if town and (not area.village or village)})
    raise AerogridError(
        f"no cell lies in {_area(area)}; towns of the cells are {', '.join(towns) or '(none)'}"
    )


def _password(file: Path | None) -> str:
    """Ask for a password, or read the first line of a file or of standard input."""
    if file is None:
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    return text.splitlines()[0] if text else ""


def _tell(account: Account) -> None:
    told = f"{account.name}: {account.display_name}, {', '.join(account.roles)}"
    console.out.print(
        f"{told}, {_area(account.area)}, {_state(account)}", highlight=False, markup=False
    )


def _area(area: Area) -> str:
    return " / ".join(part for part in (area.town, area.village) if part) or "whole district"


def _state(account: Account) -> str:
    return "active" if account.is_active else "not active"


def _plain(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "display_name": account.display_name,
        "roles": list(account.roles),
        "town": account.area.town,
        "village": account.area.village,
        "is_active": account.is_active,
    }


def _write_json(entries: Iterable[dict[str, object]]) -> int:
    print(json.dumps(list(entries), ensure_ascii=False, indent=2))
    return console.DONE
