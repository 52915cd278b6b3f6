"""The parameters of the built-in vehicle: ArduCopter 4.6 names, types and units, pure."""

from dataclasses import dataclass, field

INT8, INT16, INT32, REAL32 = 2, 4, 6, 9  # MAV_PARAM_TYPE; ArduPilot sends every value as a float

DEFAULTS: dict[str, tuple[float, int]] = {
    "ANGLE_MAX": (3000, INT16),
    "ARMING_CHECK": (1, INT32),
    "ARMING_OPTIONS": (0, INT32),
    "AUTO_OPTIONS": (0, INT32),
    "BATT_ARM_VOLT": (0, REAL32),
    "BATT_CAPACITY": (5000, INT32),
    "BATT_CRT_VOLT": (13.2, REAL32),
    "BATT_FS_CRT_ACT": (1, INT8),
    "BATT_FS_LOW_ACT": (2, INT8),
    "BATT_LOW_TIMER": (10, INT8),
    "BATT_LOW_VOLT": (13.8, REAL32),
    "BATT_MONITOR": (4, INT8),
    "BATT_SERIAL_NUM": (-1, INT32),
    "CAM1_TRIGG_DIST": (0, REAL32),
    "CAM1_TYPE": (1, INT8),
    "CAM_AUTO_ONLY": (0, INT8),
    "DISARM_DELAY": (10, INT8),
    "FENCE_ACTION": (1, INT8),
    "FENCE_ALT_MAX": (120, REAL32),
    "FENCE_ALT_MIN": (-10, REAL32),
    "FENCE_ENABLE": (0, INT8),
    "FENCE_MARGIN": (2, REAL32),
    "FENCE_RADIUS": (300, REAL32),
    "FENCE_TOTAL": (0, INT8),
    "FENCE_TYPE": (7, INT8),
    "FRAME_CLASS": (1, INT8),
    "FRAME_TYPE": (1, INT8),
    "FS_CRASH_CHECK": (1, INT8),
    "FS_EKF_ACTION": (1, INT8),
    "FS_EKF_THRESH": (0.8, REAL32),
    "FS_GCS_ENABLE": (0, INT8),
    "FS_GCS_TIMEOUT": (5, REAL32),
    "FS_OPTIONS": (16, INT32),
    "FS_THR_ENABLE": (1, INT8),
    "GPS1_TYPE": (1, INT8),
    "LAND_ALT_LOW": (1000, INT16),
    "LAND_SPEED": (50, INT16),
    "LAND_SPEED_HIGH": (0, INT16),
    "LOIT_SPEED": (1250, REAL32),
    "MIS_OPTIONS": (0, INT16),
    "MIS_RESTART": (0, INT8),
    "MIS_TOTAL": (0, INT16),
    "MNT1_TYPE": (6, INT8),
    "PILOT_SPEED_UP": (250, INT16),
    "PSC_JERK_XY": (5, REAL32),
    "PSC_JERK_Z": (5, REAL32),
    "RALLY_INCL_HOME": (1, INT8),
    "RALLY_LIMIT_KM": (1, REAL32),
    "RALLY_TOTAL": (0, INT8),
    "RTL_ALT": (1500, INT32),
    "RTL_ALT_FINAL": (0, INT16),
    "RTL_ALT_TYPE": (0, INT8),  # 1 has no effect: the built-in vehicle knows no terrain
    "RTL_CLIMB_MIN": (0, INT16),
    "RTL_LOIT_TIME": (5000, INT32),
    "RTL_SPEED": (0, INT16),
    "SERVO9_FUNCTION": (10, INT16),
    "SIM_BATT_VOLTAGE": (0, REAL32),
    "SIM_ENGINE_FAIL": (0, INT8),  # which motors are weak; any bit stands for one of four
    "SIM_ENGINE_MUL": (1, REAL32),  # thrust that they have left, 0 to 1
    "SIM_GPS_DISABLE": (0, INT8),
    "SIM_RC_FAIL": (0, INT8),
    "SIM_SPEEDUP": (1, REAL32),
    "SIM_WIND_DIR": (0, REAL32),
    "SIM_WIND_SPD": (0, REAL32),
    "SIM_WIND_TURB": (0, REAL32),
    "SYSID_MYGCS": (255, INT16),
    "SYSID_THISMAV": (1, INT16),
    "WPNAV_ACCEL": (250, REAL32),
    "WPNAV_ACCEL_Z": (100, REAL32),
    "WPNAV_JERK": (1, REAL32),
    "WPNAV_RADIUS": (200, REAL32),
    "WPNAV_SPEED": (1000, REAL32),
    "WPNAV_SPEED_DN": (150, REAL32),
    "WPNAV_SPEED_UP": (250, REAL32),
    "WP_YAW_BEHAVIOR": (1, INT8),
}
NAMES = tuple(DEFAULTS)


@dataclass(slots=True)
class Parameters:
    """Values in force; unknown names do not exist, as in ArduCopter."""

    values: dict[str, float] = field(
        default_factory=lambda: {name: value for name, (value, _) in DEFAULTS.items()}
    )

    def __getitem__(self, name: str) -> float:
        """The value of a parameter that exists."""
        return self.values[name]

    def set(self, name: str, value: float) -> bool:
        """Take a value; False for an unknown name or a NaN, which ArduCopter passes over."""
        if name not in self.values or value != value:
            return False
        self.values[name] = value if DEFAULTS[name][1] == REAL32 else float(int(value))
        return True

    def metres(self, name: str) -> float:
        """A parameter that ArduCopter keeps in centimetres, in metres."""
        return self.values[name] / 100
