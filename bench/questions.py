"""What is asked of the candidates, and what is told of it."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.candidates import CONSTANT, NAIVE, NGINX, PAGE, STATIC, VARNISH, Field
from bench.load import CONNECTIONS
from bench.measures import (
    DIFFERENT,
    LATENCY,
    LONG_LATENCY,
    SHOPPERS,
    SHORT_LATENCY,
    WAITING,
    Measure,
    cold_page,
    hits_while_waiting,
    hot_page,
    mixed_traffic,
    not_modified,
)


@dataclass(frozen=True)
class Column:
    """A figure, or its ratio `to` the same figure of another candidate."""

    title: str
    figure: str
    digits: int = 0
    to: str | None = None


@dataclass(frozen=True)
class Aim:
    """What this page must reach at `least`: a figure, or its ratio `to` that of another."""

    told: str
    figure: str
    least: float
    to: str | None = None


@dataclass(frozen=True)
class Question:
    """`prepare` makes what is measured in one round, in `seconds` or about as many."""

    title: str
    told: str
    workers: tuple[int, ...]
    of: tuple[str, ...]
    columns: tuple[Column, ...]
    prepare: Callable[[Field, int], Measure]
    aims: tuple[Aim, ...] = ()


def _ratios(name: str, figure: str, digits: int = 2) -> tuple[Column, ...]:
    """Against the two that all are compared with."""
    return (
        Column(f"{name} ÷ constant bytes", figure, digits, CONSTANT),
        Column(f"{name} ÷ Varnish", figure, digits, VARNISH),
    )


_RATES = (
    Column("views/s", "rate"),
    Column("p50 ms", "p50", 2),
    Column("p99 ms", "p99", 1),
    Column("CPU µs a view", "cpu", 1),
)
_BYTES = Column("bytes", "bytes")

QUESTIONS = (
    Question(
        "A page seen before",
        f"One page, compressed as browsers take it, as often as {CONNECTIONS} connections get it.",
        (1, 2),
        (PAGE, CONSTANT, NAIVE, NGINX, VARNISH, STATIC),
        (*_ratios("views/s", "rate"), *_RATES, _BYTES),
        hot_page,
        (
            Aim("a finished page ÷ Flask’s constant bytes (5 is the goal)", "rate", 3, CONSTANT),
            Aim("a finished page ÷ Varnish before the naive page", "rate", 1, VARNISH),
        ),
    ),
    Question(
        "A page that the browser has",
        "The same with `If-None-Match`: all answers are 304, but for those of the constant bytes.",
        (1, 2),
        (PAGE, CONSTANT, NGINX, VARNISH, STATIC),
        (*_ratios("views/s", "rate"), *_RATES),
        not_modified,
    ),
    Question(
        "A page never seen before",
        f"Each reference is new, and PRO takes {LATENCY} ms, within which the clients begin one"
        f" after the other. The share of the ideal is {LATENCY} ms ÷ the mean time of a view: at 1"
        " the page adds nothing.",
        (2,),
        (PAGE, NAIVE, NGINX, VARNISH),
        (
            Column("share, 32 clients", "share 32", 2),
            Column("share, 64 clients", "share 64", 2),
            Column("share ÷ Varnish, 32", "share 32", 2, VARNISH),
            Column("share ÷ Varnish, 64", "share 64", 2, VARNISH),
            Column("views/s, 32", "rate 32"),
            Column("views/s, 64", "rate 64"),
            Column("p99 ms, 32", "p99 32"),
            Column("p99 ms, 64", "p99 64"),
            Column("CPU ms a view, 32", "cpu 32", 1),
            Column("CPU ms a view, 64", "cpu 64", 1),
        ),
        cold_page,
        (Aim("misses ÷ the ideal, 200 ms and 32 clients", "share 32", 0.9),),
    ),
    Question(
        "Mixed traffic",
        f"{SHOPPERS} shoppers ask for {DIFFERENT:,} references by Zipf’s law (s = 1), a quarter of"
        " them order numbers, which cost 3 units and not 2. All is new at first, and PRO takes"
        f" {SHORT_LATENCY} ms. Everybody gets the same views in the same order; the naive page,"
        " which remembers nothing, as many of them as fit into twice the seconds of a measurement."
        " “RSS, all” is with the cache, or with Redis.",
        (1, 2),
        (PAGE, CONSTANT, NAIVE, NGINX, VARNISH),
        (
            *_ratios("views/s", "rate"),
            Column("p50 ÷ Varnish", "p50", 2, VARNISH),
            Column("p99 ÷ Varnish", "p99", 2, VARNISH),
            Column("units ÷ Varnish", "units", 2, VARNISH),
            Column("calls per 1,000 views", "calls"),
            Column("units per 1,000 views", "units"),
            Column("p50 ms", "p50", 1),
            Column("p90 ms", "p90", 1),
            Column("p99 ms", "p99", 1),
            Column("views/s", "rate"),
            Column("RSS a worker, MB", "worker"),
            Column("RSS, all, MB", "all"),
        ),
        mixed_traffic,
    ),
    Question(
        "Hits while others wait",
        f"The first question again, alone and while {WAITING} clients wait for PRO, which takes"
        f" {LONG_LATENCY // 1000} s for other references.",
        (2,),
        (PAGE, NGINX, VARNISH),
        (
            Column("share kept", "kept", 2),
            Column("share kept ÷ Varnish", "kept", 2, VARNISH),
            Column("views/s then ÷ Varnish", "rate", 2, VARNISH),
            Column("views/s alone", "alone"),
            Column("views/s then", "rate"),
            Column("p99 ms then", "p99", 1),
        ),
        hits_while_waiting,
        (Aim("hits that are kept while 64 clients wait ÷ those alone", "kept", 0.5),),
    ),
)
