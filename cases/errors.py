"""Errors of rules, zones and the case registry."""

from collections.abc import Sequence
from datetime import datetime

from geo.errors import AerogridError


class CaseError(AerogridError):
    """A problem with rules, zones or cases."""


class RuleError(CaseError):
    """A rule or category file that breaks its schema."""


class ZoneError(CaseError):
    """A zone file that cannot be used."""


class FilingError(CaseError):
    """Findings of a patrol that cannot be made into cases."""


class FiledMeanwhileError(FilingError):
    """A flight that another program has filed under another name just before."""

    def __init__(self, patrol_id: str, known_as: str) -> None:
        self.patrol_id, self.known_as = patrol_id, known_as
        super().__init__(
            f"the photos of patrol {patrol_id} have been filed as patrol {known_as} meanwhile. "
            "Run `aerogrid file` again, which files them as that patrol."
        )


class RegistryError(CaseError):
    """A case registry that cannot be opened, read or written."""


class UnknownCaseError(RegistryError):
    """A case number that the registry does not hold."""

    def __init__(self, case_no: str) -> None:
        self.case_no = case_no
        super().__init__(f"the registry holds no case {case_no!r}; look the number up in the list")


class StaleCaseError(RegistryError):
    """A decision about a case that somebody else changed in the meantime."""

    def __init__(self, case_no: str, expected_version: int, version: int) -> None:
        self.case_no, self.expected_version, self.version = case_no, expected_version, version
        super().__init__(
            f"case {case_no} was changed by somebody else: you decided on version "
            f"{expected_version}, it is now at version {version}. Read it again and decide anew."
        )


class ClaimError(CaseError):
    """A claim of a case that cannot be made or held for longer."""


class CaseClaimedError(CaseError):
    """A case on which somebody else works."""

    def __init__(self, case_no: str, who: str, until: datetime) -> None:
        self.case_no, self.who, self.until = case_no, who, until
        super().__init__(
            f"case {case_no} is in the hands of {who} until {until.isoformat(timespec='seconds')}; "
            "take another one, or wait until then."
        )


class TransitionError(CaseError):
    """An action that the case's stage does not allow."""

    def __init__(self, case_no: str, stage: str, action: str, allowed: tuple[str, ...]) -> None:
        self.case_no, self.stage, self.action, self.allowed = case_no, stage, action, allowed
        super().__init__(
            f"case {case_no} is {stage}: {action!r} is not possible; "
            f"possible now: {', '.join(allowed) or 'nothing'}."
        )


class NotPermittedError(CaseError):
    """An action that the case's stage allows, but not to somebody in this role."""

    def __init__(self, case_no: str, action: str, role: str, allowed: tuple[str, ...]) -> None:
        self.case_no, self.action, self.role, self.allowed = case_no, action, role, allowed
        super().__init__(
            f"case {case_no}: {action!r} is not for {role}; {role} may now: "
            f"{', '.join(allowed) or 'nothing'}. Ask somebody whose step it is."
        )


class ReasonMissingError(CaseError):
    """A decision that has to be justified, without a reason."""

    def __init__(self, case_no: str, action: str) -> None:
        self.case_no, self.action = case_no, action
        super().__init__(f"case {case_no}: {action!r} needs a reason; say why in a few words.")


class DrawingError(CaseError):
    """An outline drawn by hand that cannot be taken."""


class OutlineError(DrawingError):
    """An outline that crosses itself, has no area or leaves its photo."""


class UnplacedError(DrawingError):
    """An outline that cannot be put on the ground."""


class OutsideAreaError(DrawingError):
    """Something drawn by hand where somebody else answers for what is there."""

    def __init__(self) -> None:
        super().__init__("it lies outside your area; tell the inspectors of the place")


class NoCaseError(DrawingError):
    """Something drawn by hand that no rule makes a case of; `why` says it in both languages."""

    def __init__(self, class_name: str, why: Sequence[tuple[str, str]]) -> None:
        self.why = [{"en": en, "zh": zh} for en, zh in why]
        super().__init__(
            f"no rule makes a case of this {class_name}: {'; '.join(en for en, _ in why)}. "
            "Correct the outline or the class, or leave it."
        )


class KnownCaseError(DrawingError):
    """Something drawn by hand that is a case already."""

    def __init__(self, case_no: str) -> None:
        self.known_case = case_no
        super().__init__(f"this is case {case_no} already; open that one")


class LookError(CaseError):
    """An answer to a case that is judged once more which cannot be taken."""

    def __init__(self, case_no: str, answer: str, allowed: tuple[str, ...]) -> None:
        self.case_no, self.allowed = case_no, allowed
        super().__init__(
            f"case {case_no}: {answer!r} cannot be taken; possible now: "
            f"{', '.join(allowed) or 'nothing'}. Take the next case."
        )


class ArrangementError(CaseError):
    """Cases that cannot be snoozed, made one or taken apart as asked."""


class UnmergeError(ArrangementError):
    """A merge that cannot be taken back, since more has happened to the case that took over."""

    def __init__(self, case_no: str, into: str) -> None:
        self.case_no, self.into = case_no, into
        super().__init__(
            f"case {case_no} was merged into {into}, to which more has happened since; "
            f"re-open {case_no}, and split off what of {into} is not its own"
        )


class AttachmentError(CaseError):
    """A photo from the place that cannot be added to a case."""


class AccountError(CaseError):
    """An account that cannot be made or changed as asked."""


class SignInNameError(AccountError):
    """A name to sign in by that nobody may have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"sign-in name {name!r}: use 1 to 40 small letters, digits, dots, hyphens and "
            "underscores, the first one a letter or digit, such as chen.jing"
        )


class NameTakenError(AccountError):
    """A name to sign in by that another account has."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"account {name} is there already; choose another name")


class DisplayNameError(AccountError):
    """A name to sign decisions with that nobody may have."""


class LookAlikeError(AccountError):
    """A name to sign decisions with that reads as that of another account."""

    def __init__(self, display_name: str, like: str) -> None:
        self.display_name, self.like = display_name, like
        super().__init__(
            f"{display_name!r} reads as {like!r}, who has an account; decisions "
            "would not tell them apart: add the department or a number"
        )


class TownMissingError(AccountError):
    """A village that is named without its town."""

    def __init__(self, village: str) -> None:
        super().__init__(
            f"village {village!r} without its town: villages of one name lie in several "
            "towns; name the town, too"
        )


class UnknownPlaceError(AccountError):
    """A town or village in which neither a cell nor a case lies."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"no cell or case lies in {place}; take a town and village of the cells")


class EasyPasswordError(AccountError):
    """A password that is too short, too long or easily guessed."""


class TooManyTokensError(AccountError):
    """One more token for an account that has as many as it may have."""

    def __init__(self, name: str, count: int, most: int) -> None:
        super().__init__(
            f"account {name} has {count} tokens, and may have {most}; revoke one that no "
            "program needs any more"
        )


class LastKeeperError(AccountError):
    """A change after which no administrator could keep the accounts on the page."""

    def __init__(self) -> None:
        super().__init__(
            "no active administrator of the whole district would be left, who keeps the accounts; "
            "make another one first"
        )


class SignInError(AccountError):
    """A sign-in, session or token that lets nobody in; it never says which was wrong."""


class WrongPasswordError(SignInError):
    """A name and password that let nobody in."""

    def __init__(self) -> None:
        super().__init__("name or password is wrong; try again")


class AccountLockedError(SignInError):
    """Somebody with the right password or session, whose account an administrator has locked."""

    def __init__(self) -> None:
        super().__init__("the account is locked; an administrator can unlock it")


class TooManyTriesError(AccountError):
    """So many failed sign-ins that further ones have to wait."""

    def __init__(self, wait_s: int) -> None:
        self.retry_after_s = wait_s
        super().__init__(
            f"too many sign-ins have failed; try again in {-(-wait_s // 60)} minutes, or ask the "
            "administrator for a new password"
        )
