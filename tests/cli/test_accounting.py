"""Accounts by the command line: made, listed, changed, ended; no password among the arguments."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from cases.accounts import Accounts
from cases.errors import SignInError
from cases.lifecycle import Role
from cases.people import Account, Scope
from cli import accounting
from tests.cases.conftest import FLOWN
from tests.cli.test_main import run

WORD = "reed boat lantern"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch) -> Path:
    """Of a patrol that is named `patrol`."""
    path = tmp_path / "cases.sqlite"
    monkeypatch.setattr(accounting, "registry_of_patrol", lambda _: path)
    return path


@pytest.fixture
def account(registry: Path, monkeypatch):
    """Run `aerogrid account`, with the password on standard input."""

    def ask(*arguments: object, typed: str = WORD) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return run(monkeypatch, "account", *arguments)

    return ask


def add(account, name: str, *more: object, typed: str = WORD) -> int:
    words = ("add", "patrol", name, "--password-file", "-", "--role", "inspector")
    return account(*words, *more, typed=typed)


def test_an_account_is_made_listed_changed_and_ended(account, registry: Path, capsys):
    assert add(account, "chen", "--name", "陈静", "--role", "command") == 0
    told = capsys.readouterr()
    assert told.out == "chen: 陈静, inspector, command, whole district, active\n"
    assert "everybody has to sign in" in told.err
    assert account("change", "patrol", "chen", "--role", "officer") == 0
    assert account("deactivate", "patrol", "chen") == 0
    capsys.readouterr()
    assert account("list", "patrol", "--json") == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert listed == {
        "name": "chen", "display_name": "陈静", "roles": ["officer"], "town": "", "village": "",
        "is_active": False,
    }  # fmt: skip
    assert account("activate", "patrol", "chen") == 0
    with Accounts.open(registry) as accounts:
        assert accounts.sign_in("chen", WORD, address="here", now=FLOWN)
        assert account("password", "patrol", "chen", "--password-file", "-", typed="x" * 3) == 1
        assert (
            account("password", "patrol", "chen", "--password-file", "-", typed="other words\n")
            == 0
        )
        with pytest.raises(SignInError):
            accounts.sign_in("chen", WORD, address="here", now=FLOWN)
        assert accounts.sign_in("chen", "other words", address="here", now=FLOWN)
    capsys.readouterr()
    assert account("log", "patrol", "--json") == 0
    outcomes = [entry["outcome"] for entry in json.loads(capsys.readouterr().out)]
    assert outcomes == ["signed in", "refused", "signed in"]
    for verb in ("list", "log"):
        assert account(verb, "patrol") == 0
    assert "chen" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "patrol", "Chen", "--role", "inspector"), "sign-in name 'Chen'"),
        (("add", "patrol", "chen", "--role", "chief"), "role 'chief' is not one of inspector"),
        (("add", "patrol", "chen", "--role", "officer", "--village", "Reed"), "without its town"),
        (("add", "patrol", "chen", "--role", "officer", "--name", "aerogrid"), "program's own"),
        (("add", "patrol", "chen", "--role", "officer", "--password-file", "-"), "has 0"),
        (("add", "patrol", "chen", "--role", "officer", "--password-file", "none"), "none"),
        (("password", "patrol", "wang"), "no account 'wang'"),
        (("deactivate", "patrol", "wang"), "no account 'wang'"),
        (("token", "add", "patrol", "wang", "--label", "map"), "no account 'wang'"),
        (("token", "revoke", "patrol", "x"), "no token has the id 'x'"),
    ],
)
def test_what_cannot_be_done_is_explained(account, registry, arguments, said: str, capsys):
    assert account(*arguments, typed="") == 1
    assert said in re.sub(r"\s+", " ", capsys.readouterr().err)
    with Accounts.open(registry) as accounts:
        assert accounts.all() == []


def test_a_token_is_told_once(account, registry: Path, capsys):
    add(account, "map")
    capsys.readouterr()
    assert account("token", "add", "patrol", "map", "--label", "QGIS", "--days", "1") == 0
    token = capsys.readouterr().out.strip()
    assert account("token", "list", "patrol", "--json") == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert (listed["account"], listed["for"], listed["scopes"]) == ("map", "QGIS", "read")
    with Accounts.open(registry) as accounts:
        made = accounts.of_token(token, FLOWN)
        assert made == (
            Account(name="map", display_name="map", roles=(Role.INSPECTOR,)),
            (Scope.READ,),
        )
    assert account("token", "list", "patrol") == 0
    assert token not in capsys.readouterr().out
    assert account("token", "revoke", "patrol", listed["id"]) == 0
    for wrong in (("--days", "0"), ("--days", "400"), ("--scope", "all"), ("--label", "a\u200bb")):
        assert account("token", "add", "patrol", "map", "--label", "x", *wrong) == 1


def test_that_no_administrator_is_left_is_told(account, registry, capsys):
    for name in ("head", "deputy"):
        assert (
            account("add", "patrol", name, "--password-file", "-", "--role", "administrator") == 0
        )
    capsys.readouterr()
    assert account("deactivate", "patrol", "deputy") == 0
    assert "is left" not in capsys.readouterr().err
    assert account("change", "patrol", "head", "--role", "officer") == 0
    assert "no active administrator of the whole district is left" in re.sub(
        r"\s+", " ", capsys.readouterr().err
    )


def test_a_password_is_asked_for_twice_where_no_file_is_given(account, registry, monkeypatch):
    asked = []

    def prompt(text: str, **how: object) -> str:
        asked.append((text, how["hide_input"], how["confirmation_prompt"]))
        return WORD

    monkeypatch.setattr("typer.prompt", prompt)
    assert account("add", "patrol", "chen", "--role", "inspector") == 0
    assert asked == [("Password", True, True)]
