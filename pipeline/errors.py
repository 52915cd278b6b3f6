"""Errors of settings and of the patrol workspace."""

from geo.errors import AerogridError


class PipelineError(AerogridError):
    """A stage that cannot run as asked."""


class SettingsError(PipelineError):
    """A settings file that is missing, unreadable or holds a value that is not allowed."""


class MissingProductError(PipelineError):
    """A stage was asked for before the one that makes its input."""
