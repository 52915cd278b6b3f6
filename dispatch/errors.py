"""Errors of bulletins, alerts and routing."""

from geo.errors import AerogridError


class DispatchError(AerogridError):
    """Something that cannot be sent or written for the people who answer for a case."""


class CalendarError(DispatchError):
    """A working calendar that breaks its schema, or that does not reach as far as is asked."""


class RoutingError(DispatchError):
    """A routing table that breaks its schema, or that says two things at once."""


class AlertError(DispatchError):
    """Alert settings that break their schema, or an alert that is not there."""


class UnknownAlertError(AlertError):
    """A link that no alert has."""

    def __init__(self) -> None:
        super().__init__("no alert has this link; open the one of the message again")


class DeliveryError(DispatchError):
    """An alert that a channel did not take.

    Attributes:
        is_final: it will not take it later either.
        is_in_doubt: nobody knows whether it took it: it did not answer in time.
    """

    def __init__(self, message: str, *, is_final: bool = False, is_in_doubt: bool = False) -> None:
        self.is_final, self.is_in_doubt = is_final, is_in_doubt
        super().__init__(message)
