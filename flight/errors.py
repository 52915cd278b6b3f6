"""Errors of flying: the link, the vehicle's answers and its logs."""

from pathlib import Path

from geo.errors import AerogridError


class FlightError(AerogridError):
    """A flight that cannot be started, or that did not go as asked."""


class LinkError(FlightError):
    """A connection that cannot be opened."""


class LinkLostError(LinkError):
    """A vehicle that has gone silent.

    Attributes:
        log_path: the recording up to the loss, None where nothing was recorded.
        reason: how it was noticed.
    """

    def __init__(self, message: str, log_path: Path | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.log_path, self.reason = log_path, reason


class TransferError(FlightError):
    """A mission or fence that the vehicle did not take, or does not hold as it was sent."""


class RefusedError(FlightError):
    """A flight that must not or cannot begin: wrong place, not ready, not allowed to arm."""


class LogError(FlightError):
    """A recording that cannot be read."""
