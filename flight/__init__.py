"""Flying it and reading what was flown: MAVLink transfer, monitoring, logs."""
