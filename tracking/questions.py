"""What can be asked of PRO, and remembered."""

from dataclasses import dataclass, replace
from typing import Self

from tracking.entries import Level, Outcome
from tracking.references import Kind
from tracking.shipments import TAKE


@dataclass(frozen=True)
class Question:
    """One page of what PRO knows of a reference at a level; `page` counts from 1."""

    kind: Kind
    text: str
    level: Level
    page: int = 1

    @property
    def key(self) -> str:
        """Two questions never share one: what may hold any character comes last."""
        return f"{self.kind}/{self.level}/{self.page}/{self.text}"

    @property
    def absence(self) -> str:
        """The key under which is kept that this very level has nothing; the other may."""
        return f"absent/{self.key}"

    @property
    def keys(self) -> list[str]:
        """Where what PRO says to it may be kept: it may have been said at the other level."""
        by_custom_reference = self.kind == "custom_reference"
        return [self.key, self.absence if by_custom_reference else self.at_other_level.key]

    def key_of(self, outcome: Outcome) -> str:
        """A custom reference unknown at one level may be known at the other: no answer yet."""
        first_page = self.kind == "custom_reference" and self.page == 1
        return self.absence if outcome == "not_found" and first_page else self.key

    @property
    def skip(self) -> int:
        """How many shipments come before this page."""
        return (self.page - 1) * TAKE

    @property
    def units(self) -> int:
        """What PRO bills for the answer (pro-tracking-api.md, Connecting)."""
        return 2 if self.kind == "reference" else 3

    def at(self, level: Level) -> Self:
        """The same question at a level."""
        return replace(self, level=level)

    @property
    def at_other_level(self) -> Self:
        """The same question at the level that is not its own."""
        return self.at("contents" if self.level == "shipment" else "shipment")
