"""Who are the people that work on cases: their names, their roles, and the area they answer for?"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cases.errors import (
    AccountError,
    DisplayNameError,
    EasyPasswordError,
    SignInNameError,
    TownMissingError,
)
from cases.lifecycle import Role

FILING_ACTOR = "filing"
PROGRAM_NAMES = frozenset({"aerogrid", FILING_ACTOR})
"""Who signs in the history for the program; no person goes by these names."""

SIGN_IN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
LEAST_PASSWORD, MOST_PASSWORD = 10, 200
"""Characters. Length counts, not kinds of signs (NIST SP 800-63B, 5.1.1)."""

_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, direction, other unseen ones, line ends
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and signs that show nothing: Hangul fillers, the empty Braille cell and others."""

_LIKE_LATIN = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU"})
"""Alphabets with letters that look like Latin ones."""


@dataclass(frozen=True, slots=True)
class Area:
    """What somebody answers for: a village, a town, or with neither the whole district.

    Cases in no town are the district's.
    """

    town: str = ""
    village: str = ""

    def __post_init__(self) -> None:
        """Refuse a village of no town: villages of one name lie in several towns."""
        if self.village and not self.town:
            raise TownMissingError(self.village)

    @property
    def is_district(self) -> bool:
        """Whether it is the whole district."""
        return not self.town

    def holds(self, town: str, village: str) -> bool:
        """Whether a place of this town and village lies in it."""
        return self.is_district or (town == self.town and self.village in ("", village))


DISTRICT = Area()


class Scope(StrEnum):
    """What a program may do with the token of an account."""

    READ = "read"
    DECIDE = "decide"
    """Whatever changes something; does not include reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        name: typed to sign in; small letters, digits and . _ -
        display_name: signs decisions; unlike that of any other account.
        roles: in the order of the table of roles; at least one.
    """

    name: str
    display_name: str
    roles: tuple[Role, ...]
    area: Area = DISTRICT
    is_active: bool = True

    def __post_init__(self) -> None:
        """Refuse names that nobody may have, and an account without a role."""
        if not SIGN_IN_NAME.fullmatch(self.name):
            raise SignInNameError(self.name)
        try:
            person_name(self.display_name)
        except ValueError as error:
            raise DisplayNameError(f"name of {self.name}: {error}") from error
        if len(self.display_name) > 80 or self.display_name != self.display_name.strip():
            raise DisplayNameError(
                f"name of {self.name}: {self.display_name!r} is longer than 80 characters or "
                "begins or ends with a space; shorten it"
            )
        if not self.roles:
            raise AccountError(f"account {self.name} has no role; give one of {_named(Role)}")

    @property
    def is_keeper(self) -> bool:
        """Whether it keeps all accounts: an active administrator of the whole district."""
        return self.is_active and Role.ADMINISTRATOR in self.roles and self.area.is_district


@dataclass(frozen=True, slots=True)
class ApiToken:
    """By what a program acts for an account; the token itself is told once and kept nowhere."""

    token_id: str
    account: str
    label: str
    scopes: tuple[Scope, ...]
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """Who changes accounts, by the name of their own, from where and when."""

    by: str
    address: str
    now: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody tried to sign in, or changed an account: by which name, from where, what came of it.

    The outcome of a change says what was changed and of whom, such as `locked: chen.jing`.
    """

    at: datetime
    name: str
    address: str
    outcome: str


def roles_of(names: Iterable[str]) -> tuple[Role, ...]:
    """Read roles, each once, in the order of the table of roles."""
    wanted = set(names)
    unknown = sorted(wanted - set(Role))
    if unknown:
        raise AccountError(f"role {unknown[0]!r} is not one of {_named(Role)}; choose among them")
    return tuple(role for role in Role if role in wanted)


def scopes_of(names: Iterable[str]) -> tuple[Scope, ...]:
    """Read scopes, each once."""
    wanted = set(names)
    unknown = sorted(wanted - set(Scope))
    if unknown or not wanted:
        raise AccountError(
            f"scopes {', '.join(sorted(wanted)) or '(none)'}: give one or more of {_named(Scope)}"
        )
    return tuple(scope for scope in Scope if scope in wanted)


def _named(values: Iterable[StrEnum]) -> str:
    return ", ".join(values)


def checked_password(password: str, name: str) -> str:
    """Give back a password that is long enough and not the name.

    Raises:
        EasyPasswordError: it is too short, too long, or holds the sign-in name.
    """
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise EasyPasswordError(
            f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters; this one has "
            f"{len(password)}. A few words are easy to keep in mind"
        )
    if len(set(password)) < 4 or name in password.casefold():
        raise EasyPasswordError(
            "the password repeats a few signs or holds the sign-in name; choose a few words"
        )
    return password


def visible_line(text: str) -> str:
    """Give back a line that shows everything it holds, as the history needs it.

    Raises:
        ValueError: it holds a character that nobody sees.
    """
    unseen = next((c for c in text if unicodedata.category(c) in _INVISIBLE or c in _BLANK), None)
    if unseen is not None:
        raise ValueError(
            f"holds the invisible character U+{ord(unseen):04X}; write one line of plain text"
        )
    return text


def person_name(name: str) -> str:
    """Give back a name by which a person may sign.

    Raises:
        ValueError: it is one of the program's own, marks, width and case aside; has no letter or
            digit; holds what nobody sees; or mixes Latin letters in a word with such as look alike.
    """
    words = _words_of(visible_line(name))
    if not any(c.isalnum() for word in words for c in word):
        raise ValueError(f"{name!r} has no letter or digit; sign with your name")
    if " ".join(words) in PROGRAM_NAMES:
        raise ValueError(f"{name!r} is the program's own name; sign with yours")
    if any(map(_is_disguise, words)):
        raise ValueError(
            f"{name!r} mixes alphabets whose letters look alike in one word; write it in one"
        )
    return name


def looks_like(name: str, others: Collection[str]) -> str | None:
    """Find among names one that reads as this one, marks, width, case and spaces aside."""
    words = _words_of(name)
    return next((other for other in others if _words_of(other) == words), None)


def _words_of(name: str) -> list[str]:
    parts = unicodedata.normalize("NFKD", name)
    return (
        "".join(c for c in parts if not unicodedata.category(c).startswith("M")).casefold().split()
    )


def _is_disguise(word: str) -> bool:
    alphabets = {unicodedata.name(c, "").partition(" ")[0] for c in word if c.isalpha()}
    return "LATIN" in alphabets and not alphabets.isdisjoint(_LIKE_LATIN)
