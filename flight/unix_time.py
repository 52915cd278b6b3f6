"""Times as MAVLink counts them, in microseconds since 1970."""

from datetime import UTC, datetime, timedelta

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_of(unix_us: int) -> datetime | None:
    """A time by microseconds since 1970; None for one that is none.

    >>> utc_of(1_500_000)
    datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    >>> utc_of(2**63) is None
    True
    """
    try:
        return UNIX_EPOCH + timedelta(microseconds=unix_us)
    except OverflowError:
        return None
