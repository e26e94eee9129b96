"""What a page needs is read from the modules themselves, and from nothing that only looks like an import."""

from api.module_graph import needed
from api.page_files import PageFiles
from api.static import PAGES

MODULES = {
    "main.js": 'import { ask } from "./common/api.js";\nimport "./effects.js";\nexport * from "./again.js";\n',
    "common/api.js": 'import {\n  words,\n  plural,\n} from "../strings.js";\nimport main from "../main.js";\n',
    "effects.js": 'const chart = () => import("./vendor/chart.js");\nimport"./common/api.js";',
    "again.js": 'export { one } from "./one.js";\nexport const text = "import it from \\"./text.js\\"";\n',
    "strings.js": '// import old from "./old.js";\n/** @type {import("./types.js").Words} */\nconst a = 1;\n',
    "one.js": 'import far from "https://elsewhere.example/far.js";\nimport bare from "bare";\n',
}


def test_all_that_is_imported_is_needed_once_nearest_first_and_nothing_else() -> None:
    order = needed(["main.js"], MODULES.get)

    assert order == ["main.js", "common/api.js", "effects.js", "again.js", "strings.js", "one.js"]


def test_a_module_that_is_missing_hides_no_other() -> None:
    texts = {"main.js": 'import "./missing.js";\nimport "./there.js";'}

    assert needed(["main.js"], texts.get) == ["main.js", "missing.js", "there.js"]


def test_our_pages_import_only_what_is_there() -> None:
    release = PageFiles(PAGES).newest()
    pages = [name for name in release.files if name.endswith(".html")]
    modules = {module for page in pages for module in release.modules(page)}

    assert pages
    assert len(modules) > 10
    assert modules - release.files.keys() == set()
