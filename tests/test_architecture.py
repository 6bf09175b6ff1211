"""What is true of all files: who may know what, and how components, words and styles are named."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from app import create_app

ROOT = Path(__file__).parent.parent
MODULES = [ROOT / "app.py", *sorted((ROOT / "tracking").rglob("*.py"))]
SIMULATOR = ROOT / "tracking/pro/simulator"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.*") if path.is_file())
COMPONENTS = sorted((ROOT / "templates/components").glob("*.html"))
STYLESHEET = (ROOT / "static/parcel.css").read_text("utf-8")

# Where the web is known: the address that is read, the answer that is sent, and what it links to.
VIEWS = {"tracking/pages.py", "tracking/machines.py"}
_OTHERS = ("site", "templating", "security", "embedding")
WEB = {"app.py", *VIEWS, *(f"tracking/{name}.py" for name in _OTHERS)}
DOOR = {"tracking/hosts.py", "tracking/finished.py", "tracking/encodings.py"}
# Who finds, asks and remembers. `app.py` puts them together.
FINDING = {
    f"tracking/{name}.py"
    for name in (
        "lookup",
        "asking",
        "calls",
        "allowance",
        "counts",
        "fleet",
        "flights",
        "memory",
        "shared",
        "guard",
        "stores",
    )
}
# PRO's own names, which are nobody else's words.
VENDOR_ONLY = {
    "tracking_responses",
    "tracking_contents_responses",
    "total_results",
    "shipment_contents",
    "carrier_details",
    "latitude",
    "longitude",
    "details",
    "property",
    "_links",
    "x-api-key",
    "x-api-version",
    "take",
}
# As a custom reference it would be another endpoint's address; so it is refused by name.
RESERVED_WORD = ("tracking/references.py", "shipment_contents")
TAG = re.compile(r"</?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|<!--", re.I)
PHYSICAL = re.compile(
    r"(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-)?"
    r"(?:left|right|top|bottom)(?:-(?:width|style|color|left-radius|right-radius))?"
    r"|(?:min-|max-)?(?:width|height)|border-(?:top|bottom)-(?:left|right)-radius"
)
MOVING = re.compile(r"(?:transition|animation)(?:-[a-z]+)*|scroll-behavior|view-transition-name")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _outside(folder: str) -> list[Path]:
    return [path for path in MODULES if not path.is_relative_to(ROOT / folder)]


@cache
def _imports(path: Path) -> set[str]:
    """Full names of what a module imports: `a.b` and `a.b.c` for `from a.b import c`."""
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _strings(path: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings."""
    tree = _tree(path)
    bare = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in bare:
            yield node.value


def _users(module: str) -> set[str]:
    """Who imports a module or something of it."""
    return {
        _name(path)
        for path in MODULES
        if any(name == module or name.startswith(f"{module}.") for name in _imports(path))
    }


class TestWhoKnowsWhat:
    """The three sentences under *The way of a request* in design.md, and what follows of them."""

    @pytest.mark.parametrize("path", _outside("tracking/pro"), ids=_name)
    def test_only_pro_knows_the_names_of_pros_fields(self, path: Path) -> None:
        named = {(_name(path), text) for text in _strings(path) if text in VENDOR_ONLY}

        assert named - {RESERVED_WORD} == set()

    def test_pro_does_know_them(self) -> None:
        pro = (ROOT / "tracking/pro").rglob("*.py")

        known = {text for path in pro for text in _strings(path)}

        assert known >= VENDOR_ONLY

    def test_only_the_first_and_the_last_know_of_the_web(self) -> None:
        assert _users("flask") == WEB
        assert _users("werkzeug") - WEB <= DOOR
        finishing = {"app.py", "tracking/bridge.py", "tracking/pages.py"}
        assert _users("tracking.finished") == finishing
        assert _users("tracking.encodings") == {"tracking/finished.py", "tracking/page_keys.py"}

    def test_only_pro_talks_http(self) -> None:
        talkers = {
            user for library in ("requests", "urllib3", "socket") for user in _users(library)
        }
        elsewhere = [user for user in talkers if not user.startswith("tracking/pro/")]

        assert "tracking/pro/client.py" in talkers
        # the lines to Redis, where its name leads, and whether its own port is free
        others = ("lines", "names", "processes", "serving")
        assert sorted(elsewhere) == [f"tracking/{one}.py" for one in others]
        assert not set(elsewhere) & (_users("requests") | _users("urllib3"))

    def test_only_lookup_knows_of_the_memory(self) -> None:
        below = {f"tracking/{name}.py" for name in ("lookup", "asking", "calls")}

        assert _users("tracking.memory") == {"app.py", *below}
        assert _users("tracking.asking") == {"app.py", "tracking/lookup.py"}
        assert _users("tracking.calls") == {"app.py", "tracking/asking.py"}
        assert _users("flask_caching") == {"app.py", "tracking/stores.py"}
        assert _users("tracking.stores") == {"app.py", "tracking/finished.py"}
        assert _users("tracking.envelope") == {"tracking/memory.py"}

    def test_the_views_know_the_lookup_and_nothing_below_it(self) -> None:
        named = {f"tracking.{Path(name).stem}" for name in FINDING} - {"tracking.lookup"}
        # who asks, and that there were too many: the words of the door
        named -= {"tracking.allowance"}

        views = ("pages", "machines", "outcomes", "finished", "hosts", "telling", "security")
        formats = (ROOT / "tracking/formats").glob("*.py")
        for path in [*(ROOT / f"tracking/{view}.py" for view in views), *formats]:
            assert _imports(path) & named <= {"tracking.stores"}

    def test_only_lookup_asks_the_client(self) -> None:
        assert _users("tracking.pro.client.Client") == {"app.py", "tracking/calls.py"}
        assert _users("tracking.pro.answers") == {"tracking/calls.py"}
        assert _users("tracking.pro.gate") == {"app.py", "tracking/calls.py"}

    def test_every_call_passes_the_gate(self) -> None:
        gated = [
            one
            for one in ast.walk(_tree(ROOT / "tracking/calls.py"))
            if isinstance(one, ast.With) and "gate.call(" in ast.unparse(one.items[0])
        ]

        decipher = [one for one in gated if "_decipher(" in ast.unparse(one)]
        source = (ROOT / "tracking/calls.py").read_text("utf-8")
        assert len(decipher) == 1
        assert source.count("self._decipher(") == 1
        assert len(re.findall(r"self\.client\b(?!\.close\(\))", source)) == 1

    def test_only_two_modules_know_redis(self) -> None:
        talkers = {f"tracking/{one}.py" for one in ("shared", "guard", "connection")}
        assert _users("redis") == talkers
        assert _users("tracking.connection") == {"app.py"}
        assert _users("tracking.counts") == {"tracking/allowance.py"}
        assert _users("tracking.shared") == {
            "app.py",
            *(
                f"tracking/{name}.py"
                for name in ("memory", "allowance", "counts", "fleet", "calls")
            ),
        }
        assert _users("tracking.signing") == {"app.py", "tracking/shared.py"}

    def test_only_one_module_knows_how_calendars_are_written(self) -> None:
        assert _users("icalendar") == {"tracking/formats/as_calendar.py"}

    def test_only_one_module_knows_how_counts_are_told(self) -> None:
        assert _users("prometheus_client") == {"tracking/metrics.py"}

    def test_simulator_stands_apart_from_what_it_tests(self) -> None:
        own = "tracking.pro.simulator"
        foreign = {
            f"{_name(path)}: {name}"
            for path in SIMULATOR.rglob("*.py")
            for name in _imports(path)
            if name.startswith("tracking.") and not name.startswith(own) and name != "tracking.pro"
        }

        assert foreign == set()
        outside = {user for user in _users(own) if not user.startswith("tracking/pro/simulator/")}
        assert outside == {"app.py", "tracking/serving.py"}  # which tells the samples

    @pytest.mark.parametrize(
        "name",
        [
            *("codes", "endings", "status", "timeline", "derivation", "rollup"),
            *("timestamps", "shipments", "references"),
            *("questions", "entries", "envelope", "encodings"),
        ],
    )
    def test_what_decides_is_pure(self, name: str) -> None:
        imported = _imports(ROOT / f"tracking/{name}.py")

        talking = re.compile(r"(flask|requests|urllib3|socket|threading|logging|os|random|time)\b")
        reaching = re.compile(r"tracking\.(pro|lookup|memory|config|pages)\b")
        assert [one for one in imported if talking.match(one) or reaching.match(one)] == []


class TestPython:
    """No HTML in Python, nothing that runs text as code."""

    @pytest.mark.parametrize("path", MODULES, ids=_name)
    def test_module_says_what_it_is_for(self, path: Path) -> None:
        assert ast.get_docstring(_tree(path))

    @pytest.mark.parametrize("path", MODULES, ids=_name)
    def test_module_makes_no_markup(self, path: Path) -> None:
        made_up = path.is_relative_to(SIMULATOR)  # its stories are hostile on purpose
        tags = [] if made_up else [text for text in _strings(path) if TAG.search(text)]

        assert tags == []
        assert not _names(path) & {"Markup", "render_template_string"}
        assert not _imports(path) & {"markupsafe", "html"}

    @pytest.mark.parametrize("path", MODULES, ids=_name)
    def test_module_runs_no_text_as_code(self, path: Path) -> None:
        roots = {name.partition(".")[0] for name in _imports(path)}

        assert not roots & {"pickle", "marshal", "shelve", "dill", "subprocess", "ctypes"}
        assert not _names(path) & {"eval", "exec", "compile", "__import__"}

    @pytest.mark.parametrize(
        "view",
        [
            node
            for views in sorted(VIEWS)
            for node in _tree(ROOT / views).body
            if isinstance(node, ast.FunctionDef) and node.decorator_list
        ],
        ids=lambda view: view.name,
    )
    def test_view_is_short_and_neither_loops_nor_digs(self, view: ast.FunctionDef) -> None:
        body = [one for statement in view.body for one in ast.walk(statement)]

        assert view.end_lineno - view.body[0].lineno < 10
        assert not [one for one in body if isinstance(one, ast.For | ast.While | ast.ListComp)]
        assert not [one for one in body if isinstance(one, ast.Subscript)]

    def test_no_rooms_that_are_not_wanted(self) -> None:
        unwanted = {"utils", "helpers", "services", "models", "common", "misc"}

        parts = {part for path in MODULES for part in path.relative_to(ROOT).with_suffix("").parts}

        assert parts & unwanted == set()


def _names(path: Path) -> set[str]:
    """The names that a module reads."""
    return {node.id for node in ast.walk(_tree(path)) if isinstance(node, ast.Name)}


def _template(path: Path) -> nodes.Template:
    return Environment(autoescape=True).parse(path.read_text("utf-8"))


class TestTemplates:
    """One macro a component, one name in three places: file, macro, CSS class."""

    @pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
    def test_component_has_one_name_in_three_places(self, path: Path) -> None:
        macros = [macro.name for macro in _template(path).find_all(nodes.Macro)]

        assert path.stem.replace("-", "_") in macros
        assert path.stem in _classes_of(path)
        assert path.stem in {name for name in _styled() if "__" not in name}

    @pytest.mark.parametrize("path", TEMPLATES, ids=_name)
    def test_what_is_imported_is_used(self, path: Path) -> None:
        template = _template(path)
        imported = {
            name if isinstance(name, str) else name[1]
            for node in template.find_all(nodes.FromImport)
            for name in node.names
        }
        used = {node.name for node in template.find_all(nodes.Name) if node.ctx == "load"}

        assert imported - used == set()

    def test_every_component_is_used(self) -> None:
        imported = {
            node.template.value
            for path in TEMPLATES
            for node in _template(path).find_all(nodes.FromImport)
        }

        assert {f"components/{path.name}" for path in COMPONENTS} == imported

    @pytest.mark.parametrize("path", TEMPLATES, ids=_name)
    def test_nothing_is_called_safe(self, path: Path) -> None:
        filters = {node.name for node in _template(path).find_all(nodes.Filter)}
        text = path.read_text("utf-8")

        assert not filters & {"safe", "tojson", "xmlattr", "forceescape"}
        assert not re.search(r"autoescape|\bMarkup\b", text)

    def test_everything_is_escaped_but_plain_text(self) -> None:
        escaped = create_app().jinja_env.autoescape

        assert [path.name for path in TEMPLATES if not escaped(_name(path))] == ["parcel.txt"]
        assert escaped(None)

    @pytest.mark.parametrize("path", TEMPLATES, ids=_name)
    def test_no_style_and_no_script_stands_in_a_template(self, path: Path) -> None:
        text = path.read_text("utf-8")

        own = """<script defer src="{{ url_for('static', filename='parcel.js') }}"></script>"""
        text = text.replace(own, "")
        assert re.findall(r"<(?:style|script|iframe|object|base)\b|\sstyle\s*=", text, re.I) == []
        assert re.findall(r"\son[a-z]+\s*=|javascript:", text, re.I) == []

    @pytest.mark.parametrize("path", TEMPLATES, ids=_name)
    def test_every_attribute_is_quoted(self, path: Path) -> None:
        tags = re.findall(r"<[a-z][^<>]*>", _markup_of(path))

        bare = [tag for tag in tags if "=" in re.sub(r'="[^"]*"', "", tag)]

        assert bare == []


def _markup_of(path: Path) -> str:
    """A template without its statements and comments; each expression becomes `*`."""
    text = re.sub(r"\{%.*?%\}|\{#.*?#\}", " ", path.read_text("utf-8"), flags=re.S)
    return re.sub(r"\{\{.*?\}\}", "*", text, flags=re.S)


def _classes_of(path: Path) -> set[str]:
    """The classes that a template writes; an expression in one of them is `*`."""
    written = re.findall(r'\bclass="(.*?)"', _markup_of(path))
    return {name for classes in written for name in classes.split()}


Rule = tuple[tuple[str, ...], str, str]  # the at-rules around it, its selector, its declarations


def _rules(css: str) -> Iterator[Rule]:
    """Every rule of a stylesheet that sets something."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    around: list[str] = []
    for head, mark, body in re.findall(r"([^{}]*)([{}])(?:([^{}]*)(?=\}))?", css):
        if mark == "{":
            around.append(" ".join(head.split(";")[-1].split()))
            if body.strip():
                yield tuple(around[:-1]), around[-1], body
        else:
            around.pop()


def _declarations(css: str) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    """At-rules, selector, property and value of each declaration."""
    for around, selector, body in _rules(css):
        for declaration in body.split(";"):
            name, colon, value = declaration.partition(":")
            if colon:
                yield around, selector, name.strip(), value.strip()


def _styled() -> set[str]:
    """The classes that the stylesheet knows."""
    return {name for _, selector, _ in _rules(STYLESHEET) for name in _classes_in(selector)}


def _classes_in(selector: str) -> list[str]:
    return re.findall(r"\.(-?[A-Za-z_][\w-]*)", selector)


class TestStylesheet:
    """static/parcel.css is for every writing direction, and moves for nobody who minds."""

    def test_sides_are_named_by_the_writing_direction(self) -> None:
        physical = [
            f"{selector} {{{name}: {value}}}"
            for _, selector, name, value in _declarations(STYLESHEET)
            if PHYSICAL.fullmatch(name)
            or (name in {"text-align", "float", "clear"} and value in {"left", "right"})
        ]

        assert physical == []

    def test_nothing_moves_unless_that_is_welcome(self) -> None:
        moving = [
            f"{selector} {{{name}}}"
            for around, selector, name, value in _declarations(STYLESHEET)
            if MOVING.fullmatch(name)
            and value != "none"
            and "@media (prefers-reduced-motion: no-preference)" not in around
        ]

        assert moving == []
        assert not re.search(r"@view-transition|@keyframes", STYLESHEET)

    def test_every_class_of_the_templates_is_styled(self) -> None:
        written = {name for path in TEMPLATES for name in _classes_of(path)}
        styled = _styled()

        assert {name for name in written if not any(_matches(name, one) for one in styled)} == set()

    def test_every_class_that_is_styled_is_in_a_template(self) -> None:
        written = {name for path in TEMPLATES for name in _classes_of(path)}

        unused = {one for one in _styled() if not any(_matches(name, one) for name in written)}

        assert unused == set()

    def test_words_are_never_put_in_capitals(self) -> None:
        values = {
            value for _, _, name, value in _declarations(STYLESHEET) if name == "text-transform"
        }

        assert "uppercase" not in values

    def test_both_dark_themes_are_the_same(self) -> None:
        themes = [
            sorted(
                (name, value)
                for _, one, name, value in _declarations(STYLESHEET)
                if one == selector
            )
            for selector in (':root[data-theme="auto"]', ':root[data-theme="dark"]')
        ]

        dark_by_system, dark_by_shop = ([d for d in one if d[0].startswith("--")] for one in themes)
        assert dark_by_system == dark_by_shop
        assert len(dark_by_shop) > 10

    def test_every_custom_property_is_set_and_used(self) -> None:
        used = set(re.findall(r"var\((--[\w-]+)", STYLESHEET))
        declared = {name for _, _, name, _ in _declarations(STYLESHEET) if name.startswith("--")}

        assert used == declared

    def test_nothing_is_asked_of_anybody_else(self) -> None:
        assert not re.search(r"url\(|@import|@font-face|expression\(", STYLESHEET)


def _matches(written: str, styled: str) -> bool:
    pattern = ".+".join(map(re.escape, written.split("*")))
    return bool(re.fullmatch(pattern, styled))


class TestReaders:
    """The readers of this file see what they look for."""

    def test_rules_of_nested_style_sheets_are_read(self) -> None:
        css = "a { left: 0; } @media print { @container (max-width: 1px) { .b, .c { top: 1px } } }"

        assert list(_rules(css)) == [
            ((), "a", " left: 0; "),
            (("@media print", "@container (max-width: 1px)"), ".b, .c", " top: 1px "),
        ]

    @pytest.mark.parametrize(
        "name", ["left", "margin-left", "padding-right", "border-top-width", "max-width", "height"]
    )
    def test_physical_properties_are_known(self, name: str) -> None:
        assert PHYSICAL.fullmatch(name)

    @pytest.mark.parametrize(
        "name", ["inset-inline", "border-radius", "line-height", "max-inline-size", "margin-block"]
    )
    def test_logical_properties_pass(self, name: str) -> None:
        assert not PHYSICAL.fullmatch(name)

    @pytest.mark.parametrize("text", ["<b>", "</p>", '<a href="x">', "<br/>", "<!-- x -->"])
    def test_markup_is_known(self, text: str) -> None:
        assert TAG.search(text)

    @pytest.mark.parametrize("text", ["a < b > c", "<=", "x <y", "1 <2> 3"])
    def test_text_passes_for_text(self, text: str) -> None:
        assert not TAG.search(text)
