"""What can be asked of PRO, and remembered."""

from dataclasses import dataclass, replace
from typing import Self

from tracking.entries import Level
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
