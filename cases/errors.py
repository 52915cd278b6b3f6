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


class AttachmentError(CaseError):
    """A photo from the place that cannot be added to a case."""


class AccountError(CaseError):
    """An account that cannot be made or changed as asked."""


class LastKeeperError(AccountError):
    """A change after which no administrator could keep the accounts on the page."""

    def __init__(self) -> None:
        super().__init__(
            "no active administrator of the whole district would be left, who keeps the accounts; "
            "make another one first"
        )


class SignInError(AccountError):
    """A name and password, session or token that let nobody in; it never says which was wrong."""


class TooManyTriesError(AccountError):
    """So many failed sign-ins that further ones have to wait."""

    def __init__(self, wait_s: int) -> None:
        self.retry_after_s = wait_s
        super().__init__(
            f"too many sign-ins have failed; try again in {-(-wait_s // 60)} minutes, or ask the "
            "administrator for a new password"
        )
