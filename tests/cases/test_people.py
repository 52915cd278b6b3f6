"""What people may be called, and what an area holds."""

import pytest

from cases.errors import AccountError
from cases.lifecycle import Role
from cases.people import (
    DISTRICT,
    Account,
    Area,
    checked_password,
    looks_like,
    person_name,
    roles_of,
    scopes_of,
    visible_line,
)


@pytest.mark.parametrize(
    "name", ["Chen Jing", "陈静", "Чен Цзин", "Ιωάννης 7", "Zoë-Ann O'Hara", "A组 王", "Anna Чен"]
)
def test_people_sign_in_any_alphabet(name: str):
    assert person_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("\u0430erogrid", "alphabets"),  # a Cyrillic a
        ("aer\u03bfgrid", "alphabets"),  # a Greek o
        ("Ａｅｒｏｇｒｉｄ", "program's own name"),
        ("aerogrid\ufe0f", "program's own name"),
        ("áerogrid", "program's own name"),
        ("...", "letter or digit"),
        ("   ", "letter or digit"),
        ("\u0301", "letter or digit"),
    ],
)
def test_a_name_that_passes_for_another_is_refused(name: str, why: str):
    with pytest.raises(ValueError, match=why):
        person_name(name)


@pytest.mark.parametrize("blank", "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u2028")
def test_what_looks_like_nothing_is_refused(blank: str):
    with pytest.raises(ValueError, match=f"U\\+{ord(blank):04X}"):
        visible_line(f"Chen{blank}")


def test_an_area_holds_its_places_and_no_others():
    town, village = Area("North"), Area("North", "Reed")
    places = [("North", "Reed"), ("North", "Mill"), ("North", ""), ("South", "Reed"), ("", "")]
    assert [DISTRICT.holds(*place) for place in places] == [True] * 5
    assert [town.holds(*place) for place in places] == [True, True, True, False, False]
    assert [village.holds(*place) for place in places] == [True, False, False, False, False]
    with pytest.raises(AccountError, match="without its town"):
        Area("", "Reed")


def test_roles_are_read_in_the_order_of_the_table():
    assert roles_of(["command", "inspector", "command"]) == (Role.INSPECTOR, Role.COMMAND)
    with pytest.raises(AccountError, match="'chief' is not one of inspector, command"):
        roles_of(["chief"])


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "all"]])
def test_scopes_that_nobody_knows_are_refused(scopes: list[str]):
    with pytest.raises(AccountError, match="read, decide"):
        scopes_of(scopes)


@pytest.mark.parametrize("name", ["", "Chen", "chen jing", "-chen", "陈静", "c" * 41, "chen\n"])
def test_a_sign_in_name_is_typed_easily(name: str):
    with pytest.raises(AccountError, match="sign-in name"):
        Account(name=name, display_name="Chen", roles=(Role.INSPECTOR,))


@pytest.mark.parametrize("name", ["aerogrid", " Chen", "C" * 81, "Chen\u200b", "..."])
def test_an_account_signs_with_a_name_that_tells_it_apart(name: str):
    with pytest.raises(AccountError, match="name of chen"):
        Account(name="chen", display_name=name, roles=(Role.INSPECTOR,))


def test_an_account_has_a_role():
    with pytest.raises(AccountError, match="no role"):
        Account(name="chen", display_name="Chen", roles=())


@pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaaaaa", "my-chen-word"])
def test_an_easy_password_is_refused(password: str):
    with pytest.raises(AccountError, match="password"):
        checked_password(password, "chen")


@pytest.mark.parametrize("name", ["CHEN  jing", "Ｃｈｅｎ Jing", "Chén Jing"])
def test_names_that_read_alike_are_found(name: str):
    assert looks_like(name, ["Wang", "Chen Jing"]) == "Chen Jing"
    assert looks_like("Chen Jin", ["Chen Jing"]) is None
