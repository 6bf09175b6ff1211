"""How templates are read, and what they may use."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import partial

from flask import Flask
from jinja2 import Environment, StrictUndefined
from jinja2.meta import find_referenced_templates

from tracking.assets import add_version
from tracking.wording import date_in_full, full_date, moment_in_full, time_or_date


def set_up_templates(app: Flask, zone: tzinfo, clock: Callable[[], datetime]) -> None:
    """Times are told in `zone`; `clock` gives the time, aware. Raises what is wrong with one."""
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.autoescape = _is_escaped
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters["moment_in_full"] = partial(moment_in_full, zone=zone)
    environment.filters |= {"full_date": full_date, "date_in_full": date_in_full}
    environment.filters["time_or_date"] = lambda moment: time_or_date(moment, clock(), zone)
    _check_templates(environment)
    app.url_defaults(add_version)


def _is_escaped(template: str | None) -> bool:
    """Whether values are escaped in a template: everywhere but in plain text."""
    return not (template or "").endswith(".txt")


def _check_templates(environment: Environment) -> None:
    """All are read now, with those that they name: a broken one stops the start, not a shopper."""
    for name in environment.list_templates():
        source, _, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
        for other in {name, *find_referenced_templates(environment.parse(source))}:
            environment.get_template(str(other))
