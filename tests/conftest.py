"""What all tests share: property tests have no deadline, and draw the same cases in CI."""

import os
import signal

from hypothesis import settings

# pymavlink reads this once, at its first import, whichever test that is in.
os.environ["MAVLINK20"] = "1"

# Messages are tested as they go into a pipe, whatever the terminal that started the tests says.
os.environ.pop("FORCE_COLOR", None)

# A background job starts with Ctrl-C ignored; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
