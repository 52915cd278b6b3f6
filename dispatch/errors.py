"""Errors of bulletins, alerts and routing."""

from geo.errors import AerogridError


class DispatchError(AerogridError):
    """Something that cannot be sent or written for the people who answer for a case."""


class CalendarError(DispatchError):
    """A working calendar that breaks its schema, or that does not reach as far as is asked."""


class RoutingError(DispatchError):
    """A routing table that breaks its schema, or that says two things at once."""
