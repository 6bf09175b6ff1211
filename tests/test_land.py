"""The land is where it is, whatever part of it is seen, and nothing is drawn that is not land."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.test_architecture import ROOT
from tracking.land import AROUND, HEIGHT, LONGEST, STEPS, WIDTH, View, clip, draw_land, mercator

ASSET = ROOT / "tracking/land.json"
SQUARE = View(0, 10, 20, 0)
INLAND = {
    "Birmingham": (52.5, -1.9),
    "Madrid": (40.4, -3.7),
    "Munich": (48.1, 11.6),
    "Nairobi": (-1.3, 36.8),
    "Denver": (39.7, -105.0),
    "Brasilia": (-15.8, -47.9),
    "Alice Springs": (-23.7, 133.9),
    "Bilibino": (68.0, 166.4),
    "Chukotka": (67.0, -178.5),
    "South Pole": (-84.0, 0.0),
}
AT_SEA = {
    "North Sea": (56.0, 3.0),
    "Caspian Sea": (42.0, 50.5),
    "Atlantic": (30.0, -40.0),
    "date line": (10.0, 180.0),
    "Gulf of Guinea": (1.0, 1.0),
    "Tasman Sea": (-38.0, 160.0),
    "Bering Sea": (58.0, -179.5),
    "Arctic": (84.0, 100.0),
}

numbers = st.integers(-30, 40)
outlines = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=12)


def is_inside(outline, x, y):
    """Whether an odd number of sides is to the left."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise([*outline, outline[0]]):
        if (y1 > y) != (y2 > y) and x > x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def view_of(latitude, longitude, height):
    x, y = longitude * STEPS, mercator(latitude)
    return View(x - height, y + height / 2, x + height, y - height / 2)


def shapes_of(path):
    for start, moves in re.findall(r"M([^l]+)l([^z]+)z", path):
        x, y = map(int, start.split())
        steps = [int(number) for number in re.findall(r"-?\d+", moves)]
        shape = [(x, y)]
        for across, down in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + across, y + down
            shape.append((x, y))
        yield shape


def is_land(view, x, y):
    path, _ = draw_land(view)
    return sum(is_inside(shape, x, y) for shape in shapes_of(path)) % 2 == 1


# Where it is


@pytest.mark.parametrize("turn", [-1, 0, 1])
@pytest.mark.parametrize("height", [400, 1500, 6000, 15000])
@pytest.mark.parametrize("place", INLAND)
def test_what_is_inland_is_land(place, height, turn):
    latitude, longitude = INLAND[place]

    view = view_of(latitude, longitude + 360 * turn, height)

    assert is_land(view, WIDTH / 2 + 0.3, HEIGHT / 2 + 0.3)


@pytest.mark.parametrize("turn", [-1, 0, 1])
@pytest.mark.parametrize("height", [400, 1500, 6000, 15000])
@pytest.mark.parametrize("place", AT_SEA)
def test_what_is_at_sea_is_none(place, height, turn):
    latitude, longitude = AT_SEA[place]

    view = view_of(latitude, longitude + 360 * turn, height)

    assert not is_land(view, WIDTH / 2 + 0.3, HEIGHT / 2 + 0.3)


def test_it_is_known_how_much_of_a_view_is_sea():
    assert draw_land(view_of(47.5, 102, 400))[1] == 0  # Mongolia
    assert draw_land(view_of(30, -40, 400)) == ("", 1)
    assert 0.4 < draw_land(View(-AROUND / 2, 9000, AROUND / 2, -9000))[1] < 0.8


def test_no_coast_runs_along_the_date_line():
    path, _ = draw_land(view_of(67, 180, 1500))
    sides = [side for shape in shapes_of(path) for side in pairwise([*shape, shape[0]])]

    assert sides
    assert not [
        ((x1, y1), (x2, y2))
        for (x1, y1), (x2, y2) in sides
        if abs(x1 - WIDTH / 2) < 3 and abs(x2 - WIDTH / 2) < 3 and abs(y1 - y2) > 20
    ]


@given(st.floats(-70, 70), st.floats(-400, 400), st.floats(200, 30000))
def test_every_path_is_short_and_inside_the_drawing(latitude, longitude, height):
    path, sea = draw_land(view_of(latitude, longitude, height))

    assert len(path) <= LONGEST
    assert re.fullmatch(r"(?:M\d+ \d+l-?\d+(?:[ -]\d+)*z)*", path)
    assert -0.01 <= sea <= 1.01
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for shape in shapes_of(path) for x, y in shape)


# How it is cut


@given(outlines)
def test_what_is_cut_off_is_outside(outline):
    for x, y in clip(outline, SQUARE):
        assert SQUARE.west - 1e-9 <= x <= SQUARE.east + 1e-9
        assert SQUARE.south - 1e-9 <= y <= SQUARE.north + 1e-9


@given(outlines, st.integers(0, 19), st.integers(0, 9))
def test_what_is_inside_stays_and_nothing_is_added(outline, x, y):
    """Asked at points that no side between whole numbers is likely to go through."""
    x, y = x + 0.4567, y + 0.5432
    cut = clip(outline, SQUARE)
    assume(all(_distance(side, x, y) > 1e-6 for side in pairwise([*outline, outline[0]])))

    assert bool(cut and is_inside(cut, x, y)) == is_inside(outline, x, y)


def test_what_holds_the_view_becomes_the_view():
    assert set(clip([(-9, -9), (50, -9), (50, 50), (-9, 50)], SQUARE)) == {
        (0, 0),
        (20, 0),
        (20, 10),
        (0, 10),
    }


def test_nothing_is_cut_off_nothing():
    assert list(clip([], SQUARE)) == []


def _distance(side, x, y):
    (x1, y1), (x2, y2) = side
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    return abs((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) / length if length else 1


# What ships


def test_the_outlines_are_small_and_say_whose_they_are():
    asset = json.loads(ASSET.read_text("utf-8"))

    assert ASSET.stat().st_size < 250_000
    assert "public domain" in asset["about"]
    assert "tools/make_land.py" in asset["about"]
    assert (ROOT / "tools/make_land.py").exists()


def test_the_outlines_are_written_down_as_the_module_says():
    for letters, *moves in json.loads(ASSET.read_text("utf-8"))["rings"]:
        assert len(letters) >= 3
        assert len(moves) == 2 * len(letters)
        assert re.fullmatch("[A-Z]+", letters)
        assert all(isinstance(move, int) for move in moves)
