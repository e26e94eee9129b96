"""The pages' words: the same in each language, and there for every module that says them."""

import re
from typing import Any

from playwright.sync_api import Browser

from api.static import PAGES
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
