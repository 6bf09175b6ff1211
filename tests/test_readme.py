"""README.md is held to the code: what it says can be done can be done."""

import ast
import re
from pathlib import Path

import tracking
from tracking.config import read_settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


class _Asked(dict):
    """An environment that notes which settings are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:
        self.names.add(name)
        return default


def settings_in_readme() -> set[str]:
    table = README.split("### Settings", 1)[1].split("\n\n`doorstep`", 1)[0]
    first_cells = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_the_settings_table_names_exactly_what_the_code_reads():
    asked = _Asked()

    read_settings(asked)

    assert settings_in_readme() == asked.names


def test_the_defaults_in_the_table_are_the_defaults_of_the_code():
    settings = read_settings({})
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| .* \| `([^`]+)` \|$", README, re.MULTILINE))

    assert told["PRO_DEADLINE"] == str(settings.pro_deadline)
    assert told["QUIET_HOURS"] == str(settings.quiet_hours)
    assert told["TIMEZONE"] == str(settings.timezone)
    assert told["PRIVACY"] == settings.privacy
    assert told["WEB_CONCURRENCY"] == str(settings.web_concurrency)
    assert told["LOG_LEVEL"] == settings.log_level
    assert told["LIMIT_LOOKUPS"] == str(settings.limit_lookups)
    assert told["LIMIT_NOT_FOUND"] == str(settings.limit_not_found)
    assert told["PROXIES"] == str(settings.proxies)
    assert settings.pro_units_per_minute == settings.pro_units_per_day == 0
    assert re.search(r"`PRO_UNITS_PER_MINUTE`, `PRO_UNITS_PER_DAY` .* \| `0`, `0` \|", README)
    assert told["PRO_API_URL"] == read_settings({"PRO_API_KEY": "k"}).pro_api_url
    assert f"`{settings.host}`, `{settings.port}`" in README


def test_the_commands_are_in_the_makefile_and_ci_runs_the_test_command():
    commands = set(re.findall(r"`make ([a-z]+)`", README)) | set(
        re.findall(r"^make ([a-z]+)$", README, re.MULTILINE)
    )
    makefile = (ROOT / "Makefile").read_text("utf-8")

    assert {"run", "test"} <= commands
    assert [name for name in commands if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_the_pictures_and_files_it_names_are_there():
    pictures = re.findall(r"tests/pictures/[a-z-]+\.png", README)

    assert len(pictures) == 3
    assert [name for name in pictures if not (ROOT / name).is_file()] == []
    assert (ROOT / "tracking/pro/simulator/pro-tracking-api.yaml").is_file()


def test_app_py_has_the_application_and_its_factory():
    module = ast.parse((ROOT / "app.py").read_text("utf-8"))
    assigned = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    assert "app" in assigned
    assert "create_app" in {n.name for n in module.body if isinstance(n, ast.FunctionDef)}


def test_the_package_says_in_which_order_to_read_all_its_modules():
    named = {name.partition(".")[0] for name in re.findall(r"`([\w.]+)`", tracking.__doc__)}
    here = Path(tracking.__file__).parent
    folders = {path.parent.name for path in here.glob("*/__init__.py")}
    modules = {path.stem for path in here.glob("*.py")} - {"__init__"} | folders

    assert named == modules
