import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.visits import Visit, inserted, tour_m
from tests.missions.fleets import visit

places = st.lists(st.tuples(st.floats(-5e3, 5e3), st.floats(-5e3, 5e3)), max_size=5)


def test_tour_is_there_and_back_by_road():
    assert tour_m((0, 0), [visit(0, (3000, 4000))], 1.5) == pytest.approx(15_000)


@given(places, st.tuples(st.floats(-5e3, 5e3), st.floats(-5e3, 5e3)))
def test_inserting_is_as_good_as_the_best_of_all_positions(known, place):
    tour = [visit(n, spot) for n, spot in enumerate(known)]
    new = visit(99, place)
    all_ways = [[*tour[:n], new, *tour[n:]] for n in range(len(tour) + 1)]
    found = tour_m((0, 0), inserted((0, 0), tour, new), 1.3)
    assert found == pytest.approx(min(tour_m((0, 0), way, 1.3) for way in all_ways))


def test_flight_on_more_than_one_battery_is_refused():
    with pytest.raises(ValueError, match="used_share"):
        Visit("v", "c", (0.0, 0.0), 100.0, 1.2)
