"""Accounts let in whom they should, as long as they should, and nobody else; on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine, inspect

from cases.account_log import REFUSED, SIGNED_IN
from cases.account_rows import token_hash
from cases.account_tokens import MOST_TOKENS
from cases.accounts import (
    IDLE,
    LONGEST,
    MOST_TRIES_OF_ADDRESS,
    MOST_TRIES_OF_NAME,
    TRIES_WITHIN,
    Accounts,
)
from cases.database import url_of
from cases.errors import (
    AccountError,
    AccountLockedError,
    LastKeeperError,
    SignInError,
    TooManyTriesError,
    WrongPasswordError,
)
from cases.lifecycle import Role
from cases.people import DISTRICT, Account, Area, Deed, Scope
from tests.cases.conftest import FLOWN

PASSWORD = "reed boat lantern"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Of no strength at all, so that tests are quick."""
HERE = "127.0.0.1"
DAY = timedelta(days=1)


def chen(name: str = "chen", display_name: str = "Chen Jing") -> Account:
    return Account(
        name=name,
        display_name=display_name,
        roles=(Role.INSPECTOR, Role.COMMAND),
        area=Area("West Town", "Reed Village"),
    )


def head(name: str) -> Account:
    """An administrator of the whole district."""
    return Account(
        name=name, display_name=f"The {name}", roles=(Role.ADMINISTRATOR,), area=DISTRICT
    )


@pytest.fixture
def accounts(where: str) -> Iterator[Accounts]:
    with Accounts.open(where, hasher=QUICK) as opened:
        opened.add(chen(), PASSWORD)
        yield opened


def sign_in(accounts: Accounts, name: str = "chen", password: str = PASSWORD, **more) -> str:
    return accounts.sign_in(name, password, **{"address": HERE, "now": FLOWN, **more})


def test_an_account_is_kept_as_it_was_made(accounts: Accounts):
    assert accounts.are_there()
    assert accounts.all() == [accounts.account("chen")] == [chen()]
    with pytest.raises(AccountError, match="no account 'wang'"):
        accounts.account("wang")


@pytest.mark.parametrize(
    ("name", "display_name", "why"),
    [("chen", "Wang", "is there already"), ("wang", "CHEN  Jing", "reads as 'Chen Jing'")],
)
def test_no_two_accounts_are_taken_for_each_other(accounts: Accounts, name, display_name, why):
    with pytest.raises(AccountError, match=why):
        accounts.add(chen(name, display_name), PASSWORD)
    assert len(accounts.all()) == 1


def test_who_signed_in_is_known_by_the_token_until_signing_out(accounts: Accounts):
    token = sign_in(accounts, " Chen ")
    assert accounts.of_session(token, FLOWN) == chen()
    other = sign_in(accounts)
    assert other != token  # each sign-in has a token of its own
    accounts.sign_out(token)
    with pytest.raises(SignInError):
        accounts.of_session(token, FLOWN)
    assert accounts.of_session(other, FLOWN) == chen()


@pytest.mark.parametrize(
    ("name", "password"),
    [("chen", "reed boat lanterm"), ("wang", PASSWORD), ("", ""), ("chen", ""), ("x" * 99, "y")],
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(accounts: Accounts, name, password):
    with pytest.raises(SignInError, match="name or password is wrong"):
        sign_in(accounts, name, password)


def test_an_unknown_name_costs_a_hash_like_a_known_one(accounts: Accounts, monkeypatch):
    checked: list[str] = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher,
        "verify",
        lambda hasher, hashed, given: checked.append(hashed) or verify(hasher, hashed, given),
    )
    for name in ("chen", "nobody"):
        with pytest.raises(SignInError):
            sign_in(accounts, name, "wrong password")
    known, unknown = checked
    assert (
        known.rpartition("$")[0].rpartition("$")[0] == unknown.rpartition("$")[0].rpartition("$")[0]
    )


def test_a_session_ends_when_nobody_is_there_and_at_the_latest_in_the_evening(accounts: Accounts):
    token = sign_in(accounts)
    with pytest.raises(SignInError, match="sign in again"):
        accounts.of_session(token, FLOWN + IDLE)
    now = FLOWN
    while now + IDLE / 2 < FLOWN + LONGEST:
        now += IDLE / 2
        accounts.renew_session(token, now)
        assert accounts.of_session(token, now) == chen()
    with pytest.raises(SignInError, match="sign in again"):
        accounts.renew_session(token, FLOWN + LONGEST)


@pytest.mark.parametrize("end", ["set_password", "deactivate"])
def test_sessions_end_with_the_password_and_with_the_account(accounts: Accounts, end: str):
    accounts.add(chen("wang", "Wang"), PASSWORD)
    token, foreign = sign_in(accounts), sign_in(accounts, "wang")
    getattr(accounts, end)(*("chen", "another password")[: 2 if end == "set_password" else 1])
    with pytest.raises(SignInError):
        accounts.of_session(token, FLOWN)
    with pytest.raises(SignInError):
        sign_in(accounts)
    assert accounts.of_session(foreign, FLOWN).name == "wang"


def test_who_is_locked_out_is_told_so_and_nobody_else(accounts: Accounts):
    token = sign_in(accounts)
    accounts.deactivate("chen")
    with pytest.raises(AccountLockedError):
        accounts.of_session(token, FLOWN)
    with pytest.raises(AccountLockedError):
        sign_in(accounts)
    with pytest.raises(SignInError) as refused:
        accounts.sign_in("chen", "not the password", address="here", now=FLOWN)
    assert not isinstance(refused.value, AccountLockedError)
    assert token_hash(token) not in accounts.signed_in(FLOWN)
    accounts.activate("chen")
    with pytest.raises(SignInError, match="not known"):
        accounts.of_session(token, FLOWN)


def test_an_account_is_used_again_when_it_is_active_again(accounts: Accounts):
    token = accounts.add_token("chen", "map", (Scope.READ,), life=DAY, now=FLOWN)
    accounts.deactivate("chen")
    assert accounts.are_there()  # so that the page does not open to everybody
    with pytest.raises(SignInError):
        accounts.of_token(token, FLOWN)
    accounts.activate("chen")
    assert accounts.of_session(sign_in(accounts), FLOWN).is_active
    assert accounts.of_token(token, FLOWN)[0] == chen()


def test_a_changed_account_counts_at_once(accounts: Accounts):
    token = sign_in(accounts)
    changed = accounts.change("chen", roles=(Role.OFFICER,), area=Area("East Town"))
    assert accounts.of_session(token, FLOWN) == changed
    assert (changed.roles, changed.area) == ((Role.OFFICER,), Area("East Town"))


def test_guessing_at_a_name_is_stopped_from_everywhere(accounts: Accounts):
    for number in range(MOST_TRIES_OF_NAME):
        with pytest.raises(SignInError):
            sign_in(accounts, password="wrong password", address=f"10.0.0.{number}")
    later = FLOWN + timedelta(minutes=5)
    with pytest.raises(TooManyTriesError, match="in 10 minutes") as stopped:
        sign_in(accounts, address="10.0.1.1", now=later)  # the right password, too
    assert stopped.value.retry_after_s == 600
    assert sign_in(accounts, now=FLOWN + TRIES_WITHIN)


def test_guessing_from_an_address_is_stopped_for_all_names(accounts: Accounts):
    for number in range(MOST_TRIES_OF_ADDRESS):
        with pytest.raises(SignInError):
            sign_in(accounts, f"name{number}", "wrong password")
    with pytest.raises(TooManyTriesError):
        sign_in(accounts)
    assert sign_in(accounts, address="10.0.0.1")


def test_many_guesses_at_once_are_not_more(accounts: Accounts):
    def guess(number: int) -> type[Exception]:
        try:
            sign_in(accounts, password=f"wrong password {number}")
        except AccountError as error:
            return type(error)
        raise AssertionError("a wrong password let somebody in")

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(guess, range(3 * MOST_TRIES_OF_NAME)))
    assert told.count(WrongPasswordError) == MOST_TRIES_OF_NAME


def test_tries_are_noted_with_their_outcome(accounts: Accounts):
    sign_in(accounts)
    with pytest.raises(SignInError):
        sign_in(accounts, "no name at all: a password?", "x", address="10.0.0.1")
    noted = [(entry.name, entry.address, entry.outcome) for entry in accounts.sign_ins(5)]
    assert noted == [("", "10.0.0.1", REFUSED), ("chen", HERE, SIGNED_IN)]
    assert accounts.sign_ins(1)[0].at == FLOWN


def test_changes_on_the_page_are_noted_and_outlast_guessing(accounts: Accounts, monkeypatch):
    monkeypatch.setattr("cases.account_log.KEPT_TRIES", 3)
    accounts.add(head("head"), PASSWORD)
    by = Deed("head", "192.0.2.7", FLOWN)
    accounts.change("chen", roles=(Role.COMMAND,), area=Area("West Town"), deed=by)
    accounts.deactivate("chen", by)
    for _ in range(8):
        with pytest.raises(SignInError):
            sign_in(accounts, "nobody")
        with pytest.raises(SignInError):
            accounts.admit("nobody", address=HERE, now=FLOWN)
    noted = [entry for entry in accounts.sign_ins(50) if entry.name == "head"]
    assert [entry.outcome for entry in noted] == [
        "locked: chen",
        "account changed: chen, command, West Town",
    ]
    assert {entry.address for entry in noted} == {"192.0.2.7"}
    assert len(accounts.sign_ins(50)) == len(noted) + 3


def take_away(accounts: Accounts, how: str, name: str, deed: Deed | None) -> None:
    if how == "lock":
        accounts.deactivate(name, deed)
    elif how == "demote":
        accounts.change(name, roles=(Role.OFFICER,), area=DISTRICT, deed=deed)
    else:
        accounts.change(name, roles=(Role.ADMINISTRATOR,), area=Area("West Town"), deed=deed)


@pytest.mark.parametrize("how", ["lock", "demote", "narrow"])
def test_of_two_who_shut_each_other_out_at_once_one_is_left(accounts: Accounts, how: str):
    pairs = [(f"head{n}", f"head{n + 1}") for n in range(0, 6, 2)]
    for pair in pairs:
        for name in pair:
            accounts.add(head(name), PASSWORD)
    for others in pairs[1:]:  # whoever is not of the pair must not be the one that is left
        for name in others:
            accounts.deactivate(name)

    def shut_out(by: str, whom: str) -> bool:
        try:
            take_away(accounts, how, whom, Deed(by, HERE, FLOWN))
        except LastKeeperError:
            return False
        return True

    one, other = pairs[0]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(shut_out, (one, other), (other, one)))
    assert sorted(done) == [False, True]
    assert [account.is_keeper for account in accounts.all()].count(True) == 1
    told = [entry.outcome for entry in accounts.sign_ins(9)]
    assert len(told) == 1  # what was refused is not noted


@pytest.mark.parametrize("how", ["lock", "demote", "narrow"])
def test_at_the_machine_the_last_administrator_can_go(accounts: Accounts, how: str):
    accounts.add(head("head"), PASSWORD)
    take_away(accounts, how, "head", None)
    assert not accounts.account("head").is_keeper


def test_tokens_end_with_a_password_that_another_resets(accounts: Accounts):
    accounts.add(chen("wang", "Wang"), PASSWORD)

    def made(name: str) -> str:
        return accounts.add_token(name, "map", (Scope.READ,), life=DAY, now=FLOWN)

    own, foreign = made("chen"), made("wang")
    accounts.set_password("chen", "a password of one's own", Deed("chen", HERE, FLOWN))
    assert accounts.of_token(own, FLOWN)[0] == chen()
    for deed in (Deed("head", HERE, FLOWN), None):
        own = made("chen")
        accounts.set_password("chen", PASSWORD, deed)
        with pytest.raises(SignInError):
            accounts.of_token(own, FLOWN)
    assert accounts.of_token(foreign, FLOWN)[0].name == "wang"
    told = [entry.outcome for entry in accounts.sign_ins(9)]
    assert told == ["password reset: chen", "password changed: chen"]


def test_an_account_has_so_many_tokens_and_no_more(accounts: Accounts):
    accounts.add(chen("wang", "Wang"), PASSWORD)

    def make(number: int, now: datetime = FLOWN) -> bool:
        label = f"program {number}"
        try:
            accounts.add_token("chen", label, (Scope.READ,), life=DAY, now=now)
        except AccountError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(MOST_TOKENS + 4)))
    assert made.count(True) == MOST_TOKENS == len(accounts.tokens())
    assert accounts.add_token("wang", "map", (Scope.READ,), life=DAY, now=FLOWN)
    with pytest.raises(AccountError, match="has 20 tokens, and may have 20; revoke one"):
        accounts.add_token("chen", "map", (Scope.READ,), life=DAY, now=FLOWN)
    accounts.revoke_token(accounts.tokens()[0].token_id)
    assert make(100)
    assert make(101, FLOWN + DAY)  # those that have ended are forgotten
    assert [token.label for token in accounts.tokens() if token.account == "chen"] == [
        "program 101"
    ]


def test_who_makes_tokens_again_and_again_fills_no_disk(accounts: Accounts, monkeypatch):
    monkeypatch.setattr("cases.account_log.KEPT_OWN", 3)
    accounts.add(head("head"), PASSWORD)
    accounts.add(chen("wang", "Wang"), PASSWORD)
    accounts.deactivate("wang", Deed("head", HERE, FLOWN))
    for by in ("head", "chen"):
        deed = Deed(by, HERE, FLOWN)
        for _ in range(4):
            accounts.add_token(by, "a, b", (Scope.READ,), life=DAY, now=FLOWN, deed=deed)
            [made] = [token.token_id for token in accounts.tokens() if token.account == by]
            accounts.revoke_token(made, deed)
    told = [(entry.name, entry.outcome.partition(":")[0]) for entry in accounts.sign_ins(50)]
    for by in ("head", "chen"):  # nobody takes away what another did
        own = [what for name, what in told if name == by and what != "locked"]
        assert own == ["token revoked", "token made", "token revoked"]
    assert told[-1] == ("head", "locked")
    assert accounts.sign_ins(1)[0].outcome == f"token revoked: {made}, chen, a, b"


def test_a_token_does_what_it_is_for_until_its_end(accounts: Accounts):
    token = accounts.add_token("chen", "map", (Scope.READ,), life=DAY, now=FLOWN)
    assert accounts.of_token(token, FLOWN) == (chen(), (Scope.READ,))
    with pytest.raises(SignInError):
        accounts.of_token(token, FLOWN + DAY)
    [listed] = accounts.tokens()
    assert (listed.account, listed.label, listed.ends_at) == ("chen", "map", FLOWN + DAY)
    accounts.revoke_token(listed.token_id)
    with pytest.raises(SignInError):
        accounts.of_token(token, FLOWN)
    with pytest.raises(AccountError, match="no token has the id"):
        accounts.revoke_token(listed.token_id)


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=-1), timedelta(days=367)])
def test_a_token_lives_for_a_while(accounts: Accounts, life: timedelta):
    with pytest.raises(AccountError, match="1 to 366 days"):
        accounts.add_token("chen", "map", (Scope.READ,), life=life, now=FLOWN)
    with pytest.raises(AccountError, match="no account"):
        accounts.add_token("wang", "map", (Scope.READ,), life=DAY, now=FLOWN)


def test_nothing_that_lets_anybody_in_lies_in_the_database(accounts: Accounts, where: str):
    secrets = [PASSWORD, sign_in(accounts)]
    secrets.append(accounts.add_token("chen", "map", (Scope.READ,), life=DAY, now=FLOWN))
    engine = create_engine(url_of(where))
    with engine.connect() as connection:
        held = "".join(
            repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            for table in inspect(engine).get_table_names()
            if table.startswith(("account", "sign"))
        )
    engine.dispose()
    assert "$argon2id$" in held
    assert not any(secret in held for secret in secrets)
