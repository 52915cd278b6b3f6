import pickle

from geo.terrain import FlatTerrain
from missions.airspace import EMPTY
from missions.check_limits import Limits
from missions.safety import SafetyCheck
from missions.survey import plan_survey
from tests.missions.fleets import squares


def test_planned_sortie_is_allowed_and_one_over_the_ceiling_is_not(drone):
    ground = FlatTerrain(5.0)
    sortie = plan_survey(squares(1).cells[0].boundary, drone, terrain=ground)[0]
    assert not SafetyCheck(Limits(), EMPTY)(sortie, ground)
    found = SafetyCheck(Limits(ceiling_agl_m=90.0), EMPTY)(sortie, ground)
    assert found
    assert all("90" in finding for finding in found)


def test_check_can_be_sent_to_another_process():
    check = SafetyCheck(Limits(), EMPTY)
    assert pickle.loads(pickle.dumps(check)) == check
