"""One headline over several items or parcels: rules S12 and S13 of experience.md. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracking.codes import DELIVERED, TONES, Tone, worse
from tracking.wording import Words

_PAST_THE_STEPS = 6  # lost, destroyed and returned are further along than any step


@dataclass(frozen=True)
class Part:
    """An item or a parcel, as far as a headline over several needs it."""

    headline: str
    code: str | None
    step: int | None
    final: bool
    tone: Tone

    @property
    def delivered(self) -> bool:
        """Whether it is of the delivered family."""
        return self.code in DELIVERED


# Where some have arrived and of the others nothing is known.
_PART_ARRIVED = Part("", "partially_delivered", 4, final=False, tone="neutral")


@dataclass(frozen=True)
class RollUp:
    """The headline over several; `sentence` is what to add.

    `chosen` is the part that it goes by, and `by` the position of that one, from 0.
    """

    headline: str
    tone: Tone
    chosen: Part
    by: int
    final: bool
    sentence: str | None = None


def roll_up(parts: Sequence[Part], things: str, words: Words) -> RollUp:
    """Sum up one or more parts; `things` is "item" or "parcel"."""
    final = all(part.final for part in parts)
    delivered = [part for part in parts if part.delivered]
    rest = [part for part in parts if not part.delivered]
    chosen = _worst(rest or parts)
    by = parts.index(chosen)
    if len(parts) == 1:
        return RollUp(chosen.headline, chosen.tone, chosen, by, final)
    if delivered and rest:
        return RollUp(
            _counted("some_delivered", parts, things, words, k=len(delivered)),
            worse(chosen.tone, "neutral"),
            chosen if chosen.code else _PART_ARRIVED,
            by,
            final,
            words.some(chosen.code, things, _like(chosen, rest)),
        )
    return RollUp(_headline(parts, chosen, things, words), chosen.tone, chosen, by, final)


def _headline(parts: Sequence[Part], chosen: Part, things: str, words: Words) -> str:
    alike = _like(chosen, parts)
    if chosen.delivered:
        damaged = sum(part.code == "delivered_damaged" for part in parts)
        if 0 < damaged < len(parts):
            return _counted("some_damaged", parts, things, words, k=damaged)
        if not damaged and (alike < len(parts) or chosen.code == "delivered"):
            return _counted("all_delivered", parts, things, words)
    name = "all" if alike == len(parts) else "none_delivered"
    return _counted(name, parts, things, words, headline=chosen.headline, k=alike)


def _counted(name: str, parts: Sequence[Part], things: str, words: Words, **values: object) -> str:
    return words.say("rollup", name, things=words.count(things, len(parts)), **values)


def _worst(parts: Sequence[Part]) -> Part:
    """The gravest tone, then the furthest along, then the first; one without news only alone."""
    told = [part for part in parts if part.code] or parts
    return max(told, key=lambda part: (TONES.index(part.tone), part.step or _PAST_THE_STEPS))


def _like(chosen: Part, parts: Sequence[Part]) -> int:
    return sum(part.code == chosen.code for part in parts)
