"""The pages' words: the same in each language, and there for every module that says them."""

import re
from pathlib import Path
from typing import Any, get_args

from playwright.sync_api import Browser

import api
import pgqueue
from api.problems import REFUSALS
from api.static import PAGES
from engine import errors
from engine.reasons import ReasonCode
from engine.reference import reference
from engine.result import WarningCode
from engine.strategies import builtins
from page_scene import Site

SHAPE = """async (name) => {
    const shape = (value) => typeof value === "function" ? `takes ${value.length}`
        : Array.isArray(value) ? value.map(shape)
        : typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shape(v)]))
        : "text";
    const { en, ko } = await import(new URL(`static/words/${name}`, document.baseURI));
    return { en: shape(en), ko: shape(ko) };
}"""
ONE_LANGUAGE = {"refusals"}
"""Words that only one language needs: the server's own sentences are the other's."""
IMPORT = re.compile(r'import \{ words(?: as (\w+))? \} from "[./]*words/(\w+)\.js"')


def tables(browser: Browser, site: Site) -> dict[str, Any]:
    page = browser.new_page()
    page.goto(site.url)
    found = {path.stem: page.evaluate(SHAPE, path.name) for path in sorted((PAGES / "words").glob("*.js"))}
    page.close()
    return found


def test_every_table_has_the_same_words_in_each_language(browser: Browser, site: Site) -> None:
    for name, table in tables(browser, site).items():
        for language in table.values():
            for word in ONE_LANGUAGE:
                language.pop(word, None)
        assert table["en"] == table["ko"], f"words/{name}.js"


def test_every_word_that_a_module_says_is_in_its_table(browser: Browser, site: Site) -> None:
    known = {name: set(table["en"]) for name, table in tables(browser, site).items()}
    said = 0
    for path in PAGES.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        for alias, table in IMPORT.findall(text):
            words = set(re.findall(rf"(?<![/\w]){alias or 'words'}\.(\w+)", text))
            said += len(words)
            assert words <= known[table], f"{path.relative_to(PAGES)}: words/{table}.js lacks {words - known[table]}"
    assert said > 100


def test_every_word_that_a_page_names_is_in_its_tables(browser: Browser, site: Site) -> None:
    known = {name: set(table["en"]) for name, table in tables(browser, site).items()}
    for page, of in {"index.html": ("common", "desk"), "admin.html": ("common", "admin")}.items():
        named = set(re.findall(r'data-(?:text|label)="(\w+)"', (PAGES / page).read_text(encoding="utf-8")))
        assert named, page
        assert named <= set().union(*(known[table] for table in of)), page


NAMES = """async (name) => {
    const names = (value) => value && typeof value === "object"
        ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, names(one)])) : typeof value;
    return names({ ...(await import(new URL(`static/words/${name}.js`, document.baseURI))) });
}"""


def named(browser: Browser, site: Site, name: str) -> Any:
    page = browser.new_page()
    page.goto(site.url)
    found = page.evaluate(NAMES, name)
    page.close()
    return found


def in_sources(package: Any, pattern: str) -> set[str]:
    paths = Path(package.__file__).parent.rglob("*.py")
    found = {one for path in paths for one in re.findall(pattern, path.read_text(encoding="utf-8"))}
    assert found, pattern
    return found


def test_every_built_in_strategy_and_its_parameters_have_korean_words(browser: Browser, site: Site) -> None:
    words = named(browser, site, "korean/strategies")["strategies"]
    assert {id_: set(one["labels"]) for id_, one in words.items()} == {
        str(one.id): {parameter.name for parameter in one.parameters} for one in builtins()
    }
    assert all({"title", "description"} <= set(one) for one in words.values())


def test_everything_that_rules_may_say_has_korean_help(browser: Browser, site: Site) -> None:
    told = reference()
    groups = ("series", "position", "words", "operators", "functions")
    words = named(browser, site, "korean/rules")["rules"]
    assert set(words) == {one["name"] for group in groups for one in told[group]}


def test_every_warning_has_korean_words(browser: Browser, site: Site) -> None:
    assert set(named(browser, site, "korean/warnings")["warnings"]) == set(get_args(WarningCode))


def test_every_reason_has_korean_words(browser: Browser, site: Site) -> None:
    assert set(named(browser, site, "korean/reasons")["reasons"]) == set(get_args(ReasonCode))


NAMES_ITS_PLACE = {"invalid_input"}
"""Refusals that are nothing without what the server says."""
OF_NO_JOB = {"EngineError", "RequestError", "StrategyError", "UnknownStrategy", "Cancelled"}
"""The queue takes no job with the middle three, and a cancelled one has not failed."""


def test_every_refusal_has_korean_words(browser: Browser, site: Site) -> None:
    codes = in_sources(api, r'\bcode="(\w+)"') | set(REFUSALS.values()) | {"method_not_allowed"}
    assert set(named(browser, site, "common")["ko"]["refusals"]) == codes - NAMES_ITS_PLACE


def test_every_error_that_fails_a_run_is_worded_for_traders(browser: Browser, site: Site) -> None:
    of_engine = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    of_queue = in_sources(pgqueue, r'(?m)(?:\bfailed\(job, |^ *\{?"type": |error=\{"type": )"(\w+)"')
    of_child = {"MemoryError", "OperationalError", "ResultTooLarge", "UnknownKind"}
    assert set(named(browser, site, "failures")["en"]) == (of_engine - OF_NO_JOB) | of_queue | of_child
    said = (PAGES / "words/failures.js").read_text(encoding="utf-8")
    assert "pgqueue" not in said
