"""When the people and flights of the weeks of a demonstration do what they do."""

from datetime import timedelta

WEEK = timedelta(days=7)
REVISITED, REVISIT_FILED, REVISIT_VERIFIED = (timedelta(minutes=m) for m in (-90, -30, -25))
"""Before Monday 09:00 on the district's clocks, when the patrol takes off."""
FILED, VERIFIED, SENT_OUT, FED_BACK_AT_ONCE = (
    timedelta(hours=2, minutes=minutes) for minutes in (0, 10, 20, 45)
)
"""After it, as those below."""
FED_BACK, SUPERVISED = timedelta(hours=30), timedelta(hours=79)
AT_ONCE = ("burning.straw", "fishing.boat")
"""Categories that are handled within the hour."""
