"""From codes to the shopper's words. The words themselves are in `locales/`."""

import tomllib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Self

from tracking.codes import CODES, resolve
from tracking.shipments import Event

Thing = Literal["parcel", "item"]

_LOCALES = Path(__file__).parent / "locales"
_LONGEST_NAME = 60  # characters of a carrier's name; with more the advice leaves a small window


@dataclass(frozen=True)
class Words:
    """One language, spoken for one retailer and of one carrier; either name may be unknown.

    `about` says whether sentences are about a parcel or about an item.
    """

    language: str = "en"
    retailer: str | None = None
    carrier: str | None = None
    about: Thing = "parcel"

    def __post_init__(self) -> None:
        _table(self.language)  # a table that cannot be read stops the start, not a shopper

    def of(self, carrier: str | None) -> Self:
        """The same words, spoken of a carrier; a name that no sentence can bear stays unsaid."""
        sayable = carrier is not None and len(carrier) <= _LONGEST_NAME
        return replace(self, carrier=carrier if sayable else None)

    def about_an_item(self) -> Self:
        """The same words, said of one item."""
        return replace(self, about="item")

    @property
    def named_retailer(self) -> str:
        """The retailer's name, or what stands for it."""
        return self.retailer or str(_table(self.language)["names"]["retailer"])

    def say(self, section: str, name: str, **values: object) -> str:
        """The sentence `name` of a section, its placeholders filled."""
        return self._fill(_table(self.language)[section][name], **values)

    def say_of(self, code: str | None, part: str, **values: object) -> str:
        """A part of what is said of a status: headline, label, explanation, advice, one, many."""
        table = _table(self.language)
        said = table["codes"].get(code, table["no_status"])
        return self._fill(said[part], **values)

    def has(self, code: str | None, part: str) -> bool:
        """Whether a status has a part that only some have."""
        return part in _table(self.language)["codes"].get(code, {})

    def asks_nothing(self, code: str | None) -> bool:
        """Whether all that a shopper need do is to wait."""
        return self.say_of(code, "advice").startswith(self.say("names", "nothing_to_do"))

    def title(self, event_code: str | None) -> str:
        """What a scan is called in the history; "Update from …" for notes and unknown codes."""
        return self.say_of(resolve(event_code), "label")

    def outcome(self, name: str, **values: object) -> tuple[str, list[str]]:
        """Headline and advice of an outcome without a parcel."""
        said = _table(self.language)["outcomes"][name]
        advice = [self._fill(line, **values) for line in said["advice"]]
        return self._fill(said["headline"], **values), advice

    def count(self, things: str, number: int) -> str:
        """A number of things: "1 item", "3 parcels"."""
        one, many = _table(self.language)["counts"][things]
        return self._fill(one if number == 1 else many, n=number)

    def noted(self, note: str, things: str, number: int) -> str:
        """A sentence about those of several that have a note: "1 parcel is running late."."""
        sentence = _table(self.language)["together"][note][number != 1]
        return self._fill(sentence, things=self.count(things, number))

    def some(self, code: str | None, things: str, number: int) -> str:
        """A sentence about some of several: "1 item is delayed."."""
        part = "one" if number == 1 else "many"
        return self.say_of(code, part, things=self.count(things, number))

    def signature(self, event: Event | None) -> str:
        """Who signed for it, as far as that may be said; nothing where nobody did."""
        if event and event.signee:
            return self.say("notes", "signed_by", signee=event.signee)
        return self.say("notes", "signed") if event and event.signed else ""

    def _fill(self, sentence: str, **values: object) -> str:
        return sentence.format(**self._names, **values)

    @cached_property
    def _names(self) -> dict[str, str]:
        """What stands for the placeholders that every sentence may have."""
        names = _table(self.language)["names"]
        carrier = names["carrier"]
        return {
            "carrier": self.carrier or carrier,
            "Carrier": self.carrier or carrier[:1].upper() + carrier[1:],
            "retailer": self.named_retailer,
            "thing": names[self.about],
        }


def full_date(day: date) -> str:
    """A date as follows: Tuesday 24 November 2026."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def day_and_month(day: date, year: int) -> str:
    """A date as follows: Tuesday 24 November, and its year where that is not `year`."""
    return f"{day:%A} {day.day} {day:%B}" if day.year == year else full_date(day)


def clock_time(moment: datetime) -> str:
    """A time of day as follows: 14:02."""
    return f"{moment:%H:%M}"


def date_and_time(moment: datetime, zone: tzinfo) -> str:
    """A moment on a zone's clock as follows: 24 November at 14:02 GMT."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B} at {clock_time(local)} {local:%Z}"


def date_in_full(day: date) -> str:
    """A date without its weekday, as papers have it: 24 November 2026."""
    return f"{day.day} {day:%B} {day.year}"


def moment_in_full(moment: datetime, zone: tzinfo) -> str:
    """A moment on a zone's clock as follows: 24 November 2026 at 14:02 GMT."""
    local = moment.astimezone(zone)
    return f"{date_in_full(local.date())} at {clock_time(local)} {local:%Z}"


def time_or_date(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """A moment on a zone's clock: 14:05 where it is of today, else as `date_and_time` says it."""
    local = moment.astimezone(zone)
    today = local.date() == now.astimezone(zone).date()
    return clock_time(local) if today else date_and_time(moment, zone)


def offset_name(offset: timedelta) -> str:
    """An offset from UTC as follows: +1, -3:30, and nothing for UTC itself."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else ""


@cache
def _table(language: str) -> dict[str, Any]:
    table = tomllib.loads((_LOCALES / f"{language}.toml").read_text("utf-8"))
    unsaid = CODES.keys() - table["codes"].keys()
    if unsaid:
        raise ValueError(f"{language}.toml has no words for {', '.join(sorted(unsaid))}")
    return table
