"""Reads settings one by one from an environment, and keeps what is wrong with them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")


class Reader:
    """An environment under question; `wrong` tells at the end all that is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.wrong: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def secret(self, name: str) -> str:
        path = self.text(f"{name}_FILE")
        if not path or self.text(name):
            return self.text(name)
        try:
            secret = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeError):
            secret = ""
        self.check(bool(secret), f"{name}_FILE", "must name a file that holds the secret")
        return secret

    def read(self, name: str, default: str, takes: str, parse: Callable[[str], _T]) -> _T:
        try:
            return parse(self.text(name, default))
        except (ValueError, KeyError, OSError):
            self.wrong.append(f"{name}: must be {takes}")
            return parse(default)

    def check(self, right: bool, name: str, takes: str) -> None:
        if not right:
            self.wrong.append(f"{name}: {takes}")


def between(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        number = int(text) if re.fullmatch("[0-9]{1,9}", text) else least - 1
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return parse
