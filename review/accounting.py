"""The routes by which an administrator keeps accounts, and everybody the tokens of their programs.

They are for people who have signed in: no token changes an account or makes another token. Each
change is noted among the sign-ins, with who made it and from where.
"""

import secrets
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from cases.account_tokens import MOST_TOKEN_LIFE
from cases.errors import UnknownPlaceError
from cases.lifecycle import Role
from cases.people import DISTRICT, Account, ApiToken, Area, Deed, Scope, roles_of, scopes_of
from cases.people import visible_line as one_line
from review.admission import ClockOf, Data, Guest
from review.errors import NotAllowedError, OwnAccountError, UnknownAccountError, UnknownTokenError
from review.signing_in import Nothing, address_of
from review.sources import ReviewData

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read aloud or from paper."""
_GROUPS, _GROUP = 4, 4  # 31^16 are 79 bits

router = APIRouter(prefix="/api", tags=["accounts"])

Text = Annotated[str, StringConstraints(max_length=80), AfterValidator(one_line)]


class Place(BaseModel):
    """Roles and area of an account; town and village are left empty for the whole district."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    town: Text = ""
    village: Text = ""


class NewAccount(Place):
    """Somebody who is to sign in; `display_name` signs what they decide."""

    name: Annotated[str, StringConstraints(max_length=40)]
    display_name: Text


class NewToken(BaseModel):
    """What a program needs a token for, what it may do, and for how many days."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    label: Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(one_line)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    days: Annotated[int, Field(ge=1, le=MOST_TOKEN_LIFE.days)] = 90


class AccountState(BaseModel):
    """An account; town and village are empty for the whole district."""

    name: str
    display_name: str
    roles: list[Role]
    town: str
    village: str
    is_active: bool


class NewPassword(BaseModel):
    """An account with its new password, which is told this once."""

    account: AccountState
    password: str


class TokenState(BaseModel):
    """A token, without what would let anybody in."""

    token_id: str
    account: str
    label: str
    scopes: list[Scope]
    ends_at: datetime


class MadeToken(BaseModel):
    """A new token, which is told this once."""

    token: str


class LogEntry(BaseModel):
    """Somebody tried to sign in, or changed an account (`outcome` says which: `locked: NAME`)."""

    at: datetime
    name: str
    address: str
    outcome: str


def require_person(request: Request, visitor: Guest) -> Account:
    """Let in who has signed in, not a program that acts for them.

    Raises:
        NotAllowedError: a program asks, or there are no accounts.
    """
    if visitor.account is None:
        raise NotAllowedError(
            "there are no accounts; the first one is made at the machine: aerogrid account add"
        )
    if "authorization" in request.headers:
        raise NotAllowedError("accounts and tokens are kept by people who have signed in")
    return visitor.account


Person = Annotated[Account, Depends(require_person)]


def require_keeper(person: Person) -> Account:
    """Let in who keeps all accounts: an administrator of the whole district.

    Raises:
        NotAllowedError: somebody else asks.
    """
    if not person.is_keeper:
        raise NotAllowedError("accounts are kept by administrators of the whole district")
    return person


Keeper = Annotated[Account, Depends(require_keeper)]


def _deed(request: Request, person: Person, clock: ClockOf) -> Deed:
    return Deed(person.name, address_of(request), clock())


By = Annotated[Deed, Depends(_deed)]


@router.get("/accounts")
def get_accounts(data: Data, _: Keeper) -> list[AccountState]:
    """List all accounts by name."""
    return [_state(account) for account in data.accounts.all()]


@router.post("/accounts", status_code=201)
def post_account(body: NewAccount, data: Data, _: Keeper, by: By) -> NewPassword:
    """Make an account with a password that is told once; 422 where its name is taken."""
    area = _known(data, Area(body.town, body.village))
    account = Account(
        name=body.name, display_name=body.display_name, roles=roles_of(body.roles), area=area
    )
    password = made_password()
    data.accounts.add(account, password, by)
    return NewPassword(account=_state(account), password=password)


@router.post("/accounts/{name}/change")
def post_change(name: str, body: Place, data: Data, keeper: Keeper, by: By) -> AccountState:
    """Give an account other roles and another area, from its next request on.

    409 where nobody would be left who keeps the accounts, as for `lock`.
    """
    _require_other(data, name, keeper)
    area = _known(data, Area(body.town, body.village))
    return _state(data.accounts.change(name, roles=roles_of(body.roles), area=area, deed=by))


@router.post("/accounts/{name}/password")
def post_password(name: str, _: Nothing, data: Data, keeper: Keeper, by: By) -> NewPassword:
    """Give an account another password, told once; end its sessions, take its tokens back."""
    account = _require_other(data, name, keeper)
    password = made_password()
    data.accounts.set_password(name, password, by)
    return NewPassword(account=_state(account), password=password)


@router.post("/accounts/{name}/lock")
def post_lock(name: str, _: Nothing, data: Data, keeper: Keeper, by: By) -> AccountState:
    """Let nobody in by an account any more: sessions end at once, tokens are refused."""
    _require_other(data, name, keeper)
    data.accounts.deactivate(name, by)
    return _state(data.accounts.account(name))


@router.post("/accounts/{name}/unlock")
def post_unlock(name: str, _: Nothing, data: Data, keeper: Keeper, by: By) -> AccountState:
    """Let an account be used again."""
    _require_other(data, name, keeper)
    data.accounts.activate(name, by)
    return _state(data.accounts.account(name))


@router.get("/account-log")
def get_log(
    data: Data, _: Keeper, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[LogEntry]:
    """List who tried to sign in and who changed what, newest first."""
    return [
        LogEntry(at=entry.at, name=entry.name, address=entry.address, outcome=entry.outcome)
        for entry in data.accounts.sign_ins(limit)
    ]


@router.get("/tokens")
def get_tokens(data: Data, person: Person) -> list[TokenState]:
    """List one's own tokens, or those of all for who keeps the accounts."""
    return [_token(token) for token in _tokens_of(data, person)]


@router.post("/tokens", status_code=201)
def post_token(body: NewToken, data: Data, person: Person, by: By) -> MadeToken:
    """Make a token by which a program acts for oneself, told once; 422 beyond a number of them."""
    life, scopes = timedelta(days=body.days), scopes_of(body.scopes)
    return MadeToken(
        token=data.accounts.add_token(
            person.name, body.label, scopes, life=life, now=by.now, deed=by
        )
    )


@router.post("/tokens/{token_id}/revoke", status_code=204)
def post_revoke(token_id: str, _: Nothing, data: Data, person: Person, by: By) -> None:
    """Take a token back for good; 404 where one has no such token."""
    if token_id not in {token.token_id for token in _tokens_of(data, person)}:
        raise UnknownTokenError(f"no token of yours has the id {token_id!r}")
    data.accounts.revoke_token(token_id, by)


def made_password() -> str:
    """Make a password that is told once, such as `k7mw-2hxp-qd9r-ve3t`."""
    letters = [secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP)]
    groups = ("".join(letters[start : start + _GROUP]) for start in range(0, len(letters), _GROUP))
    return "-".join(groups)


def _tokens_of(data: ReviewData, person: Account) -> list[ApiToken]:
    return [
        token
        for token in data.accounts.tokens()
        if person.is_keeper or token.account == person.name
    ]


def _require_other(data: ReviewData, name: str, keeper: Account) -> Account:
    """Find an account that is not one's own: nobody shuts themselves out by mistake.

    Two may do it to each other; the accounts themselves see to it that one is left.

    Raises:
        UnknownAccountError: there is none of that name.
        OwnAccountError: it is one's own.
    """
    found = next((account for account in data.accounts.all() if account.name == name), None)
    if found is None:
        raise UnknownAccountError(f"no account {name!r}")
    if name == keeper.name:
        raise OwnAccountError(
            "one's own account is changed by another administrator; one's own password on the "
            "review page"
        )
    return found


def _known(data: ReviewData, area: Area) -> Area:
    """Refuse a town or village that neither cells nor cases know: nobody would see anything."""
    places = ((cell.town, cell.village) for cell in data.grid)
    if area == DISTRICT or any(area.holds(*place) for place in places):
        return area
    if data.registry.within(area).count():
        return area
    named = " / ".join(part for part in (area.town, area.village) if part)
    raise UnknownPlaceError(named)


def _state(account: Account) -> AccountState:
    return AccountState(
        name=account.name,
        display_name=account.display_name,
        roles=list(account.roles),
        town=account.area.town,
        village=account.area.village,
        is_active=account.is_active,
    )


def _token(token: ApiToken) -> TokenState:
    return TokenState(
        token_id=token.token_id,
        account=token.account,
        label=token.label,
        scopes=list(token.scopes),
        ends_at=token.ends_at,
    )
