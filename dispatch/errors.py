"""Errors of bulletins, alerts and routing."""

from geo.errors import AerogridError


class DispatchError(AerogridError):
    """Something that cannot be sent or written for the people who answer for a case."""
