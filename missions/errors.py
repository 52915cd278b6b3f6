"""Errors of mission planning and mission files."""

from geo.errors import AerogridError


class MissionError(AerogridError):
    """A mission that cannot be planned or a mission file that cannot be read."""


class TooLongError(MissionError):
    """A flight too long for the battery or the memory of a drone; shorter ones may do."""
