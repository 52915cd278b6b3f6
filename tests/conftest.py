"""What all tests share: property tests have no deadline, and draw the same cases in CI."""

import os

from hypothesis import settings

# pymavlink reads this once, at its first import, whichever test that is in.
os.environ["MAVLINK20"] = "1"

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
