"""What is seen of the world's land in a view, as a path to draw.

`land.json` was made by `tools/make_land.py` from Natural Earth, which is in the public domain. Its
numbers are steps, hundredths of a degree, in Mercator's projection: x is the longitude, y grows to
the north and is as large as x is where the world's square ends, at 85 degrees. Each outline is a
string of letters, x and y of its first point, and then, point by point, by how much they grow. The
letters say how much each point matters, from A on: without one of letter k (A is 0) an area of 2**k
square steps would be lost or won. To leave out what is too small to see is all the simplifying.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate, compress, pairwise
from math import asinh, ceil, degrees, floor, log2, radians, tan
from pathlib import Path
from typing import NamedTuple, Self

WIDTH, HEIGHT = 640, 320  # units of a drawing
STEPS = 100  # a degree
AROUND = 360 * STEPS
LONGEST = 2900  # characters of a path

Point = tuple[float, float]
Shape = list[tuple[int, int]]

_LAND = Path(__file__).with_name("land.json")
_FINEST = 1.6  # units: the side of what is too small to be drawn
_RUN = 128  # points


class View(NamedTuple):
    """A part of the world by its edges, in steps; as wide and as high as a drawing is."""

    west: float
    north: float
    east: float
    south: float

    @property
    def scale(self) -> float:
        """Units a step."""
        return HEIGHT / (self.north - self.south)

    def meets(self, other: Self) -> bool:
        """Whether the two have anything in common."""
        across = self.west < other.east and other.west < self.east
        return across and self.south < other.north and other.south < self.north

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Where a point is drawn, from the start and the top; what is outside comes to the edge."""
        across, down = (x - self.west) * self.scale, (self.north - y) * self.scale
        return within(across, WIDTH), within(down, HEIGHT)


class _Run(NamedTuple):
    """Points of an outline in a row, how much each matters, and what they span."""

    xs: Sequence[int]
    ys: Sequence[int]
    levels: bytes
    edges: View


class _Outline(NamedTuple):
    runs: tuple[_Run, ...]
    level: int
    edges: View


def mercator(latitude: float) -> float:
    """How far north a latitude is drawn, in steps."""
    return degrees(asinh(tan(radians(latitude)))) * STEPS


def within(number: float, most: int) -> int:
    """The nearest whole number from 0 to `most`."""
    return max(0, min(most, round(number)))


@lru_cache(maxsize=128)
def draw_land(view: View) -> tuple[str, float]:
    """The land as data of an SVG path, at most `LONGEST`, and what part of the view is sea."""
    level = max(0, ceil(2 * log2(_FINEST / view.scale)))
    while True:
        shapes = list(_shapes(view, level))
        path = "".join(map(_path, shapes))
        if len(path) <= LONGEST:
            return path, 1 - abs(sum(map(_area, shapes))) / (WIDTH * HEIGHT)
        level += max(1, round(2 * log2(len(path) / LONGEST)))


def _shapes(view: View, level: int) -> Iterator[Shape]:
    """What is seen of each outline, drawn; the world goes on beyond the date line."""
    for turn in range(floor(view.west / AROUND), ceil(view.east / AROUND) + 1):
        west, north, east, south = view
        here = View(west - turn * AROUND, north, east - turn * AROUND, south)
        for outline in _outlines():
            if outline.level >= level and here.meets(outline.edges):
                inside = clip(_wanted(outline, here, level), here)
                drawn = [here.place(x, y) for x, y in inside]
                shape = [now for last, now in pairwise([*drawn[-1:], *drawn]) if now != last]
                if len(shape) > 2:
                    yield shape


def _wanted(outline: _Outline, view: View, level: int) -> list[Point]:
    """The points that matter at a level. Of a run that is not seen its ends do."""
    points: list[Point] = []
    for run in outline.runs:
        if view.meets(run.edges):
            wanted = map(level.__le__, run.levels)
            points += compress(zip(run.xs, run.ys, strict=True), wanted)
        else:
            points += ((run.xs[0], run.ys[0]), (run.xs[-1], run.ys[-1]))
    return points


def clip(points: Sequence[Point], view: View) -> Sequence[Point]:
    """What of an outline is inside: cut at one edge after the other (Sutherland and Hodgman)."""
    points = _cut(points, 0, view.west, 1)
    points = _cut(points, 0, view.east, -1)
    points = _cut(points, 1, view.south, 1)
    return _cut(points, 1, view.north, -1)


def _cut(points: Sequence[Point], axis: int, edge: float, inward: int) -> Sequence[Point]:
    """What is on the inner side of an edge, with the points where the outline crosses it."""
    depths = [(point[axis] - edge) * inward for point in points]
    kept: list[Point] = []
    ends = pairwise([*points[-1:], *points])
    for (last, now), (before, depth) in zip(ends, pairwise([*depths[-1:], *depths]), strict=True):
        if (before < 0) != (depth < 0):
            part = before / (before - depth)
            kept.append((last[0] + (now[0] - last[0]) * part, last[1] + (now[1] - last[1]) * part))
        if depth >= 0:
            kept.append(now)
    return kept


def _area(shape: Shape) -> float:
    """In square units; a lake's counts against that of the land around it."""
    sides = pairwise([*shape, shape[0]])
    return sum(last[0] * now[1] - now[0] * last[1] for last, now in sides) / 2


def _path(shape: Shape) -> str:
    """A closed outline: its first point, then by how much the next ones differ."""
    (x, y), *_ = shape
    moves = "".join(f"{now[0] - last[0]: d}{now[1] - last[1]: d}" for last, now in pairwise(shape))
    return f"M{x} {y}l{moves.lstrip()}z"


@cache
def _outlines() -> tuple[_Outline, ...]:
    return tuple(_outline(*ring) for ring in json.loads(_LAND.read_text("utf-8"))["rings"])


def _outline(letters: str, *moves: int) -> _Outline:
    levels = bytes(ord(letter) - ord("A") for letter in letters)
    xs, ys = array("h", accumulate(moves[::2])), array("h", accumulate(moves[1::2]))
    parts = [slice(start, start + _RUN) for start in range(0, len(xs), _RUN)]
    runs = tuple(_Run(xs[p], ys[p], levels[p], _edges(xs[p], ys[p])) for p in parts)
    return _Outline(runs, max(levels), _edges(xs, ys))


def _edges(xs: Sequence[int], ys: Sequence[int]) -> View:
    return View(min(xs), max(ys), max(xs), min(ys))
