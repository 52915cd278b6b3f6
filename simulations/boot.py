"""What a vehicle says between switching it on and being ready, as in the recordings; pure."""

_TEXTS: tuple[tuple[float, int, str], ...] = (
    (0.02, 6, "Calibrating barometer"),
    (1.0, 6, "Barometer 1 calibration complete"),
    (1.0, 6, "Barometer 2 calibration complete"),
    (2.0, 6, "ArduPilot Ready"),
    (2.0, 6, "AHRS: DCM active"),
    (4.3, 6, "EKF3 IMU0 initialised"),
    (4.3, 6, "EKF3 IMU1 initialised"),
    (4.3, 6, "AHRS: EKF3 active"),
    (5.6, 6, "EKF3 IMU0 tilt alignment complete"),
    (5.6, 6, "EKF3 IMU1 tilt alignment complete"),
    (5.8, 6, "EKF3 IMU0 MAG0 initial yaw alignment complete"),
    (5.8, 6, "EKF3 IMU1 MAG0 initial yaw alignment complete"),
    (9.6, 6, "GPS 1: probing for u-blox at 230400 baud"),
    (9.8, 6, "GPS 1: detected u-blox"),
    (19.8, 6, "EKF3 IMU0 origin set"),
    (20.1, 6, "EKF3 IMU1 origin set"),
    (41.3, 6, "EKF3 IMU0 is using GPS"),
    (41.6, 6, "EKF3 IMU1 is using GPS"),
)


def texts_at(tick: int, ticks_per_s: int) -> list[tuple[int, str]]:
    """Severity and words that are due on one step of the clock."""
    return [(severity, words) for s, severity, words in _TEXTS if round(s * ticks_per_s) == tick]
