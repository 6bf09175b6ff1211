"""Where a parcel has been, on a map that is drawn here: no tiles, no vendor, nobody is asked.

Section 6 of experience.md. What is drawn tells no more than the history does, and places less
exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import cosh, radians

from tracking.land import AROUND, HEIGHT, STEPS, WIDTH, Shape, View, draw_land, mercator, within
from tracking.shipments import Event
from tracking.wording import Words

Place = tuple[float, float, str | None]  # degrees north and east, and what it is called

_DECIMALS = 1  # of a degree, about 10 km: no home can be told from it
_FARTHEST = 75.0  # degrees north or south; beyond, a map of this kind is out of shape
_AIR = 1.42  # how much greater than the way the view is
_SMALLEST = 3.0  # degrees of latitude from top to bottom, about 330 km
_SEA = 0.12  # of the view: inland there is nothing to know a region by
_GREATEST = 45 * STEPS  # a view is not widened beyond to show some
_WIDER = 1.5
_BEND = 0.14  # of a leg's length
_MOST_NAMES = 6


@dataclass(frozen=True)
class Stop:
    """A place on the way, in units from the start and the top of the drawing."""

    x: int
    y: int
    label: str | None
    is_last: bool


@dataclass(frozen=True)
class Map:
    """A drawing of `width` by `height` units: land and route are data of SVG paths."""

    land: str
    route: str
    stops: tuple[Stop, ...]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def names(self) -> tuple[str, ...]:
        """What the stops are called, in their order; empty where an end of the way has no name."""
        labels = [stop.label for stop in self.stops]
        names = tuple(name for name, _ in groupby(filter(None, labels)))
        return names if labels[0] and labels[-1] and len(names) > 1 else ()


@dataclass(frozen=True)
class Way:
    """What a page shows of a parcel's way: the map, its title, and the names that stand below.

    `left_out` says how many places are not named between the first and the last.
    """

    map: Map
    title: str
    names: tuple[str, ...] = ()
    left_out: str = ""


def tell_way(events: Sequence[Event], words: Words) -> Way | None:
    """Tell where the scans were, newest first as a history has them; of many places, how many.

    None where there is no map.
    """
    drawn = draw((*scan.lat_long, scan.location) for scan in reversed(events) if scan.lat_long)
    if drawn is None:
        return None
    if not drawn.names:
        return Way(drawn, words.say("map", "unnamed"))
    first, *between, last = drawn.names
    many = len(between) > _MOST_NAMES - 2
    left_out = words.say("map", "more", n=len(between)) if many else ""
    sentence = "via" if between else "direct"
    told = left_out or ", ".join(between)
    title = words.say("map", sentence, first=first, between=told, last=last)
    return Way(drawn, title, (first, last) if many else drawn.names, left_out)


def draw(places: Iterable[Place]) -> Map | None:
    """A map of the places that a parcel has been at, oldest first.

    None where fewer than two are different to a tenth of a degree, and close to the poles.
    """
    stops = _stops(places)
    if len({stop[:2] for stop in stops}) < 2 or any(abs(stop[0]) > _FARTHEST for stop in stops):
        return None
    xs = _the_short_way([longitude * STEPS for _, longitude, _ in stops])
    ys = [mercator(latitude) for latitude, _, _ in stops]
    view, land = _look(xs, ys)
    points = [view.place(x, y) for x, y in zip(xs, ys, strict=True)]
    return Map(
        land=land,
        route=_route(points),
        stops=tuple(
            Stop(x, y, label, is_last=number == len(stops))
            for number, ((x, y), (_, _, label)) in enumerate(zip(points, stops, strict=True), 1)
        ),
    )


def _stops(places: Iterable[Place]) -> list[Place]:
    """The places, rounded; of equal ones in a row one stays, by its latest name."""
    stops: list[Place] = []
    for north, east, label in places:
        latitude, longitude = round(north, _DECIMALS), round(east, _DECIMALS)
        stop = (latitude, 180.0 if longitude == -180 else longitude, label or None)
        if stops and stops[-1][:2] == stop[:2]:
            *_, earlier = stops.pop()
            stop = (*stop[:2], stop[2] or earlier)
        stops.append(stop)
    return stops


def _the_short_way(longitudes: list[float]) -> list[float]:
    """Longitudes, in steps, each at most half the world from the last, also over the date line.

    They may leave the world that way, by once around at most; else they stay as they are.
    """
    turned = longitudes[:1]
    for longitude in longitudes[1:]:
        turned.append(longitude + AROUND * round((turned[-1] - longitude) / AROUND))
    return turned if max(turned) - min(turned) <= AROUND else longitudes


def _look(xs: list[float], ys: list[float]) -> tuple[View, str]:
    """The view that holds all, and its land; inland it is widened until some sea tells where."""
    across, up = max(xs) - min(xs), max(ys) - min(ys)
    x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    smallest = _SMALLEST * STEPS * cosh(radians(y / STEPS))  # Mercator enlarges what is far north
    height = max(up * _AIR, across * _AIR * HEIGHT / WIDTH, smallest)
    while True:
        view = _around(x, y, height)
        land, sea = draw_land(view)
        if sea >= _SEA or height * _WIDER > _GREATEST:
            return view, land
        height *= _WIDER


def _around(x: float, y: float, height: float) -> View:
    """The view around a point, moved away from where the world ends in the north and the south."""
    farthest = (AROUND - height) / 2
    y = max(-farthest, min(farthest, y))
    wide = height * WIDTH / HEIGHT
    return View(x - wide / 2, y + height / 2, x + wide / 2, y - height / 2)


def _route(points: Shape) -> str:
    """Legs from stop to stop."""
    (x, y), *_ = points
    return f"M{x} {y}" + "".join(_leg(*ends) for ends in pairwise(points))


def _leg(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A leg that bends a little to the north."""
    across, down = end[0] - start[0], end[1] - start[1]
    if across < 0:
        across, down = -across, -down
    x = within((start[0] + end[0]) / 2 + down * _BEND, WIDTH)
    y = within((start[1] + end[1]) / 2 - across * _BEND, HEIGHT)
    return f"Q{x} {y} {end[0]} {end[1]}"
