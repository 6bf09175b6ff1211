"""A map shows where a parcel has been, and never more than that: no home, no stray line."""

import gzip
import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.test_architecture import ROOT
from tracking.land import HEIGHT, LONGEST, WIDTH
from tracking.map import Map, draw, tell_way
from tracking.shipments import Event

PLACES = {
    "Daventry": (52.26, -1.16),
    "Coventry Hub": (52.41, -1.51),
    "Bristol Depot": (51.45, -2.59),
    "Inverness": (57.48, -4.22),
    "London": (51.47, -0.45),
    "Lisboa": (38.72, -9.14),
    "Oslo": (59.91, 10.75),
    "Munich": (48.14, 11.58),
    "Nuremberg": (49.45, 11.08),
    "Cape Town": (-33.92, 18.42),
    "Tokyo": (35.68, 139.69),
    "Los Angeles": (34.05, -118.24),
    "Auckland": (-36.85, 174.76),
    "Apia": (-13.83, -171.77),
}
SENTENCES = {
    "direct": "Map: from {first} to {last}",
    "via": "Map: from {first} via {between} to {last}",
    "unnamed": "Map: where the parcel was scanned",
    "more": "{n} more places",
}
WORDS = SimpleNamespace(
    say=lambda section, name, **values: SENTENCES[name].format(**values) if section == "map" else ""
)
REGIONAL = [
    ("Daventry", "Coventry Hub", "Bristol Depot"),
    ("Inverness", "London"),
    ("Munich", "Nuremberg"),
    ("Lisboa", "London", "Oslo"),
]
WORLDWIDE = [
    ("Tokyo", "London"),
    ("Auckland", "London"),
    ("Los Angeles", "Tokyo"),
    ("Auckland", "Apia"),
    ("Oslo", "Cape Town"),
    ("Tokyo", "Los Angeles", "London", "Tokyo"),
]

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
labels = st.none() | st.text(max_size=12)
journeys = st.lists(st.tuples(latitudes, longitudes, labels), max_size=12)
close_by = st.builds(
    lambda north, east, steps: [(north + n, east + e, None) for n, e in [(0, 0), *steps]],
    st.floats(-74, 74),
    st.floats(-179, 179),
    st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=1, max_size=4),
)


def places(*names):
    return [(*PLACES[name], name) for name in names]


def drawn(*names):
    result = draw(places(*names))
    assert result
    return result


def points_of(path):
    """Every point of the outlines of a path, one list an outline."""
    assert re.fullmatch(r"(?:M\d+ \d+l-?\d+(?:[ -]\d+)*z)*", path)
    for start, moves in re.findall(r"M([^l]+)l([^z]+)z", path):
        x, y = map(int, start.split())
        numbers = [int(number) for number in re.findall(r"-?\d+", moves)]
        outline = [(x, y)]
        for across, down in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + across, y + down
            outline.append((x, y))
        yield outline


def numbers_of(route):
    numbers = [int(number) for number in re.findall(r"\d+", route)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def is_land(result, x, y):
    """Whether a point is inside the outlines: an odd number of sides is to the left of it."""
    x, y = x + 0.25, y + 0.25
    inside = False
    for outline in points_of(result.land):
        for (x1, y1), (x2, y2) in pairwise([*outline, outline[0]]):
            if (y1 > y) != (y2 > y) and x > x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
    return inside


def is_sound(result):
    assert all(0 <= stop.x <= WIDTH and 0 <= stop.y <= HEIGHT for stop in result.stops)
    assert [stop.is_last for stop in result.stops] == [False] * (len(result.stops) - 1) + [True]
    assert re.fullmatch(r"M\d+ \d+(?:Q\d+ \d+ \d+ \d+)+", result.route)
    seen = [*numbers_of(result.route), *(p for shape in points_of(result.land) for p in shape)]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in seen)
    assert len(result.land) <= LONGEST


# When there is a map


@pytest.mark.parametrize(
    "some",
    [
        [],
        places("London"),
        places("London", "London", "London"),
        [(51.501, -0.141, "Home"), (51.539, -0.142, "Next door")],
        [(20.0, 180.0, "Here"), (20.0, -180.0, "Here too")],
    ],
    ids=["none", "one", "one thrice", "one to a tenth of a degree", "one on the date line"],
)
def test_fewer_than_two_different_places_are_no_map(some):
    assert draw(some) is None


@pytest.mark.parametrize("latitude", [90, -90, 75.1, -80])
def test_near_the_poles_there_is_no_map(latitude):
    assert draw([*places("London"), (latitude, 10.0, "Far")]) is None


def test_the_same_place_in_a_row_is_one_stop_by_its_latest_name():
    result = draw(
        [
            (52.41, -1.51, "Coventry"),
            (52.4, -1.5, "Coventry Hub"),
            (52.38, -1.49, None),
            *places("Bristol Depot"),
        ]
    )

    assert [stop.label for stop in result.stops] == ["Coventry Hub", "Bristol Depot"]


def test_a_parcel_that_comes_back_has_been_there_twice():
    result = drawn("London", "Oslo", "London")

    assert result.stops[0].x == result.stops[2].x
    assert result.stops[0].y == result.stops[2].y
    assert [stop.is_last for stop in result.stops] == [False, False, True]


# What it shows


@given(journeys)
def test_every_map_of_any_places_is_sound(some):
    result = draw(some)

    if result:
        is_sound(result)


@given(close_by)
def test_every_map_of_places_close_by_is_sound(some):
    result = draw(some)

    if result:
        is_sound(result)


@given(journeys)
def test_no_map_tells_places_more_exactly_than_to_a_tenth_of_a_degree(some):
    rounded = [(round(north, 1), round(east, 1), label) for north, east, label in some]

    assert draw(some) == draw(rounded)


@pytest.mark.parametrize("names", [*REGIONAL, *WORLDWIDE], ids=" ".join)
def test_its_land_is_small_to_send(names):
    land = drawn(*names).land

    assert len(land) < 3000
    assert len(gzip.compress(land.encode())) < 1400


@pytest.mark.parametrize("names", [*REGIONAL, *WORLDWIDE], ids=" ".join)
def test_it_shows_land_and_sea(names):
    result = drawn(*names)

    grid = [is_land(result, x, y) for x in range(0, WIDTH, 40) for y in range(0, HEIGHT, 40)]

    assert 0.05 < sum(grid) / len(grid) < 0.95


def test_towns_are_on_land_and_the_sea_is_not():
    result = drawn("Inverness", "Coventry Hub", "London")
    (x1, y1), (x2, y2), (x3, y3) = ((stop.x, stop.y) for stop in result.stops)

    assert is_land(result, x2, y2)
    assert not is_land(result, x3 + (x3 - x2) * 4, (y1 + y2) // 2)  # the North Sea
    assert x1 < x2 < x3
    assert y1 < y2 < y3


def test_britain_is_as_high_as_it_is():
    """Inverness is 2.7 times as far north of London as it is west, and so it is drawn."""
    north, south = drawn("Inverness", "London").stops

    assert (south.y - north.y) / (south.x - north.x) == pytest.approx(2.7, abs=0.15)


@pytest.mark.parametrize(
    ("start", "end", "eastward"),
    [
        ("Tokyo", "Los Angeles", True),
        ("Los Angeles", "Tokyo", False),
        ("Auckland", "Apia", True),
        ("London", "Tokyo", True),
        ("Oslo", "Los Angeles", False),
    ],
)
def test_it_goes_the_short_way_around_the_world(start, end, eastward):
    first, last = drawn(start, end).stops

    assert (last.x > first.x) is eastward


def test_a_parcel_around_the_world_is_one_line_to_the_east():
    xs = [stop.x for stop in drawn("Tokyo", "Los Angeles", "London", "Tokyo").stops]

    assert xs == sorted(xs)
    assert len(set(xs)) == 4


def test_a_parcel_around_the_world_again_and_again_stays_on_one_map():
    is_sound(drawn(*["Tokyo", "Los Angeles", "London"] * 3))


def test_two_depots_of_one_town_are_shown_in_their_region():
    result = draw([(52.45, -1.85, "Depot"), (52.56, -1.95, "Hub")])
    first, last = result.stops

    assert 5 <= abs(first.y - last.y) <= 20
    assert not is_land(result, WIDTH - 1, HEIGHT // 3)  # the North Sea is 200 km away


def test_inland_the_view_is_wide_enough_to_show_a_coast():
    result = drawn("Munich", "Nuremberg")
    first, last = result.stops

    assert abs(first.y - last.y) < HEIGHT / 8
    assert not is_land(result, 2, HEIGHT // 2)  # the Atlantic


def test_every_stop_has_air_around_it():
    for names in [*REGIONAL, *WORLDWIDE]:
        for stop in drawn(*names).stops:
            assert 24 < stop.x < WIDTH - 24
            assert 24 < stop.y < HEIGHT - 24


# What it says


def way_of(*some):
    """The way of a parcel that was scanned at the places, oldest first."""
    scans = [Event(lat_long=(north, east), location=label) for north, east, label in some]
    return tell_way(tuple(reversed(scans)), WORDS)


def said_of(*names):
    way = way_of(*places(*names))
    return way.title, way.names


def test_it_says_in_words_what_it_shows():
    assert said_of("Daventry", "Bristol Depot") == (
        "Map: from Daventry to Bristol Depot",
        ("Daventry", "Bristol Depot"),
    )
    assert said_of("Daventry", "Coventry Hub", "Bristol Depot") == (
        "Map: from Daventry via Coventry Hub to Bristol Depot",
        ("Daventry", "Coventry Hub", "Bristol Depot"),
    )


def test_it_shows_the_scans_whose_place_is_known():
    scans = (Event(), Event(lat_long=(60, 10), location="Oslo"), Event(location="Hub"))

    assert tell_way(scans, WORDS) is None
    assert tell_way((*scans, Event(lat_long=(50, 5))), WORDS).map == draw(
        [(50, 5, None), (60, 10, "Oslo")]
    )


def test_of_many_places_it_says_how_many():
    many = places("Tokyo", "Lisboa", "Munich", "Oslo", "Lisboa", "Inverness", "London")
    way, soup = way_of(*many), render(*many)

    assert way.title == "Map: from Tokyo via 5 more places to London"
    assert [li.text for li in soup.figcaption("li")] == ["Tokyo", "5 more places", "London"]
    assert [li.get("translate") for li in soup.figcaption("li")] == ["no", None, "no"]


def test_a_place_that_nobody_named_is_left_out():
    way = way_of(*places("Oslo"), (55.0, 5.0, None), *places("London"))

    assert way.names == ("Oslo", "London")


@pytest.mark.parametrize("unnamed", [0, 1])
def test_an_end_that_nobody_named_is_not_called_by_another_name(unnamed):
    some = places("Oslo", "London")
    some[unnamed] = (*some[unnamed][:2], None)
    some.insert(1, (55.0, 5.0, "Hub"))

    way = way_of(*some)

    assert (way.title, way.names) == ("Map: where the parcel was scanned", ())


# How it is written down


def render(*some):
    templates = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    component = templates.from_string('{% from "components/map.html" import map %}{{ map(way) }}')
    return BeautifulSoup(component.render(way=way_of(*some)), "html.parser")


def test_it_is_one_picture_with_a_name_and_a_caption():
    soup = render(*places("Daventry", "Coventry Hub", "Bristol Depot"))

    assert soup.svg["role"] == "img"
    assert soup.svg.title.text == "Map: from Daventry via Coventry Hub to Bristol Depot"
    assert [li.text for li in soup.figcaption("li")] == [
        "Daventry",
        "Coventry Hub",
        "Bristol Depot",
    ]


def test_each_stop_is_a_dot_and_the_last_one_is_its_own():
    result = drawn("Daventry", "Coventry Hub", "Bristol Depot")
    first, second, last = result.stops

    soup = render(*places("Daventry", "Coventry Hub", "Bristol Depot"))

    assert soup.select_one(".map__stops")["d"] == (
        f"M{first.x} {first.y}h.01M{second.x} {second.y}h.01"
    )
    assert soup.select_one(".map__last")["d"] == f"M{last.x} {last.y}h.01"


def test_several_maps_stand_on_one_page_in_peace():
    soup = render(*places("Oslo", "London"))

    assert not soup.select("[id], [style], [fill], [stroke], use, a")


def test_hostile_names_are_text():
    soup = render((50.0, 5.0, "</title><script>x</script>"), (55.0, 5.0, '"><b>'))

    assert not soup.select("script, b")
    assert soup.figcaption.li.text == "</title><script>x</script>"


def test_without_names_there_is_no_caption():
    soup = render((50.0, 5.0, None), (55.0, 5.0, None))

    assert soup.figcaption is None
    assert soup.svg.title.text


def test_it_is_a_value():
    assert drawn("Oslo", "London") == drawn("Oslo", "London")
    assert isinstance(drawn("Oslo", "London"), Map)
