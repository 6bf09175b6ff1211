"""Makes `tracking/land.json`, the outlines of the land, from a TopoJSON file of Natural Earth.

    npm pack world-atlas && tar xzf world-atlas-*.tgz
    python tools/make_land.py package/land-10m.json

The data is Natural Earth's "land" at 1:10 million, which is in the public domain. The package only
brings it as TopoJSON; any other TopoJSON of it with an object `land` will do. Land alone is wanted:
without borders nobody disputes them.

Every point gets the size of what would be lost without it (Visvalingam and Whyatt), so that one
file serves a county and the world; `tracking/map.py` says how it is written down.
"""

import json
import sys
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import accumulate, pairwise
from math import asinh, atan, cos, degrees, floor, log2, radians, sinh, sqrt, tan
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Ring = list[Point]

TARGET = Path(__file__).parent.parent / "tracking/land.json"
ABOUT = "Land at 1:10 million by Natural Earth, in the public domain. Made by tools/make_land.py."
STEPS = 100  # a degree; a step is about a kilometre
SMALLEST = 5.6  # steps on the ground: the side of the smallest bay or cape that is kept
SMALLEST_ISLAND = 6.5  # Bermuda
FEW_PARCELS = ((-90.0, -60.0, 40.0), (66.0, 90.0, 12.0))  # there: from, to degrees north, smallest
FARTHEST = -85.0  # degrees north; there the map is as high as it is wide
FEWEST = 5  # points of an island
AROUND = 360 * STEPS
EDGE = AROUND // 2


def main(source: Path) -> None:
    """Write the outlines of `source` to `TARGET`, the greatest land first."""
    rings = _joined(list(map(_projected, _rings(json.loads(source.read_text("utf-8"))))))
    kept = [ring for ring in map(_kept, map(_weighed, rings)) if len(ring) > 2]
    kept.sort(key=len, reverse=True)
    lines = ",\n".join(json.dumps(_written(ring), separators=(",", ":")) for ring in kept)
    TARGET.write_text(f'{{"about":{json.dumps(ABOUT)},\n"rings":[\n{lines}\n]}}\n', "utf-8")
    sys.stdout.write(f"{TARGET}: {sum(map(len, kept))} points of {len(kept)} outlines\n")


def _rings(topology: dict[str, Any]) -> Iterator[Ring]:
    """The closed rings of the object `land`, in degrees."""
    (scale_x, scale_y), (move_x, move_y) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    arcs = []
    for arc in topology["arcs"]:
        points = zip(*(accumulate(axis) for axis in zip(*arc, strict=True)), strict=True)
        arcs.append([(x * scale_x + move_x, y * scale_y + move_y) for x, y in points])
    for shape in topology["objects"]["land"]["geometries"]:
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        for polygon in polygons:
            for numbers in polygon:
                ring: Ring = []
                for number in numbers:
                    arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                    ring += arc[1:] if ring else arc
                yield ring[:-1]


def _projected(ring: Ring) -> Ring:
    """Mercator, in steps. An outline goes on beyond the date line; it is not cut there."""
    start = min(range(len(ring)), key=lambda number: ring[number][0])
    xs: list[float] = []
    ys: list[float] = []
    for longitude, latitude in [*ring[start:], *ring[:start], ring[start]]:
        x = round(longitude * STEPS, 3)
        xs.append(x + AROUND * round((xs[-1] - x) / AROUND) if xs else x)
        ys.append(degrees(asinh(tan(radians(max(FARTHEST, latitude))))) * STEPS)
    if abs(xs[-1] - xs[0]) > STEPS:  # it goes around the pole: Antarctica, down to the map's end
        return [*zip(xs, ys, strict=True), (xs[-1], -EDGE), (xs[0], -EDGE)]
    turn = AROUND * round((min(xs) + max(xs)) / 2 / AROUND)
    return [(x - turn, y) for x, y in zip(xs[:-1], ys[:-1], strict=True)]


def _joined(rings: list[Ring]) -> list[Ring]:
    """Without the cut along the date line, which would look like a coast."""
    opened = [_opened(ring) for ring in rings]
    in_the_east = {_cut(ring): ring for ring in opened if _is_cut(ring, -EDGE)}
    for ring in opened:
        if _is_cut(ring, EDGE) and (rest := in_the_east.pop(_cut(ring), None)):
            ring += [(x + AROUND, y) for x, y in rest]
    return [ring for ring in opened if not _is_cut(ring, -EDGE) or _cut(ring) in in_the_east]


def _opened(ring: Ring) -> Ring:
    """From where an outline leaves the date line to where it comes back, if it was cut there."""
    sides = zip([ring[-1], *ring[:-1]], ring, [*ring[1:], ring[0]], strict=True)
    ring = [
        now
        for last, now, following in sides
        if abs(now[0]) != EDGE or {last[0], following[0]} != {now[0]}
    ]
    ends = [number for number, (x, _) in enumerate(ring) if abs(x) == EDGE]
    if len(ends) == 2 and ends[1] - ends[0] == 1:
        return [*ring[ends[1] :], *ring[: ends[1]]]
    return ring


def _is_cut(ring: Ring, edge: int) -> bool:
    return ring[0][0] == edge == ring[-1][0]


def _cut(ring: Ring) -> frozenset[int]:
    """Where the cut is, the same for both sides of it."""
    return frozenset(round(y / 10) for _, y in (ring[0], ring[-1]))


def _weighed(ring: Ring) -> list[tuple[int, int, float]]:
    """Each point with the side of the area, in steps, that the outline loses with it."""
    size = len(ring)
    before = [number - 1 for number in range(size)]
    after = [(number + 1) % size for number in range(size)]
    before[0] = size - 1

    def area(number: int) -> float:
        return _area([ring[before[number]], ring[number], ring[after[number]]])

    sides = [sqrt(_area(ring))] * size  # of the last ones: an outline stands or falls with them
    areas = [area(number) for number in range(size)]
    queue = [(one, number) for number, one in enumerate(areas)]
    heapify(queue)
    lost, left = 0.0, size
    while left > FEWEST and queue:
        one, number = heappop(queue)
        if one != areas[number]:
            continue
        lost, left = max(lost, one), left - 1
        sides[number] = min(sqrt(lost), sides[number])
        areas[number] = -1.0
        one_before, one_after = before[number], after[number]
        after[one_before], before[one_after] = one_after, one_before
        for neighbour in (one_before, one_after):
            areas[neighbour] = area(neighbour)
            heappush(queue, (areas[neighbour], neighbour))
    return [(round(x), round(y), side) for (x, y), side in zip(ring, sides, strict=True)]


def _area(points: Ring) -> float:
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise([*points, points[0]]))
    return abs(twice) / 2


def _kept(ring: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Without islets and what is too small on the ground; Mercator makes the north look great."""
    kept = [point for point in ring if _ground(*point[1:]) >= _smallest(point[1])]
    if max((_ground(y, side) for _, y, side in kept), default=0) < SMALLEST_ISLAND:
        return []
    return [one for one, following in pairwise([*kept, *kept[:1]]) if one[:2] != following[:2]]


def _ground(y: int, side: float) -> float:
    return side * cos(radians(_latitude(y)))


def _smallest(y: int) -> float:
    latitude = _latitude(y)
    return next((few for south, north, few in FEW_PARCELS if south < latitude < north), SMALLEST)


def _latitude(y: int) -> float:
    return degrees(atan(sinh(radians(y / STEPS))))


def _written(ring: list[tuple[int, int, float]]) -> list[Any]:
    """A letter a point for its side, from A for one step; then x and y, by how much they grow."""
    levels = (max(0, min(25, floor(2 * log2(max(side, 1.0))))) for _, _, side in ring)
    letters = "".join(chr(ord("A") + level) for level in levels)
    steps = [0, 0, *(number for x, y, _ in ring for number in (x, y))]
    return [letters, *(now - last for last, now in zip(steps, steps[2:], strict=False))]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
