import pytest
from hypothesis import settings

from missions.drones import drone_named
from missions.survey import plan_survey
from tests.missions.shapes import WITH_POND, on_globe

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def drone():
    return drone_named("sim-quad")


@pytest.fixture(scope="session")
def sortie(drone):
    """One flight over a cell with a pond."""
    return plan_survey(on_globe(WITH_POND), drone, code="320412001001001")[0]
