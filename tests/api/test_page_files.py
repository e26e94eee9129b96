"""A release of the pages: whole, the same everywhere, and another one when any file of it is."""

import gzip
import os
from pathlib import Path

import pytest

from api.page_files import TYPES, PageFiles, Release
from api.static import PAGES

FILES = {
    "index.html": '<head>\n<link href="static/style.css" rel="stylesheet">\n'
    '<script type="module" src="static/main.js"></script>\n</head>\n<a href="admin">',
    "main.js": 'import "./common/api.js";\n',
    "common/api.js": "export const ask = 1;\n" * 100,
    "style.css": "a { color: red }\n",
    "notes.txt": "nobody's business",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def html(release: Release, depth: int = 0) -> str:
    page = release.page("index.html", depth)
    assert page is not None
    return page.content.decode()


def test_a_page_leads_to_its_releases_files_and_names_its_modules_ahead(directory: Path) -> None:
    release = PageFiles(directory).newest()
    base = f"static/{release.digest}"

    assert html(release).splitlines() == [
        "<head>",
        f'<link href="{base}/style.css" rel="stylesheet">',
        f'<script type="module" src="{base}/main.js"></script>',
        f'  <link rel="modulepreload" href="{base}/common/api.js">',
        "</head>",
        '<a href="admin">',
    ]


def test_a_page_of_a_deeper_address_climbs_to_the_same_files(directory: Path) -> None:
    release = PageFiles(directory).newest()

    assert html(release, 2).count(f'"../../static/{release.digest}/') == 3


def test_any_change_is_another_address_for_every_file(directory: Path) -> None:
    files = PageFiles(directory)
    first = files.newest()

    (directory / "common" / "api.js").write_text("export const ask = 2;\n", encoding="utf-8")
    changed = files.newest()
    (directory / "more.js").touch()
    added = files.newest()
    (directory / "more.js").unlink()
    removed = files.newest()

    assert len({first.digest, changed.digest, added.digest}) == 3
    assert removed.digest == changed.digest
    assert changed.digest in html(changed)


def test_a_file_that_goes_while_it_is_read_leaves_the_release_before(directory: Path) -> None:
    files = PageFiles(directory)
    before = files.newest()

    (directory / "going.js").symlink_to("gone")

    assert files.newest() is before


def test_what_has_not_changed_is_not_read_again(directory: Path) -> None:
    files = PageFiles(directory)

    assert files.newest() is files.newest() is files.last()


def test_every_host_makes_the_same_release_of_the_same_files(directory: Path) -> None:
    one = PageFiles(directory).newest()
    for path in directory.rglob("*"):
        os.utime(path, (1, 1))

    assert PageFiles(directory).newest().files == one.files


def test_what_compression_does_not_shorten_stays_as_it_is(directory: Path) -> None:
    files = PageFiles(directory).newest().files
    long = files["common/api.js"]

    assert long.compressed is not None
    assert gzip.decompress(long.compressed) == long.content
    assert files["style.css"].compressed is None


def test_only_what_a_browser_can_use_is_part_of_it(directory: Path) -> None:
    (directory / ".#main.js").symlink_to("nobody@nowhere")
    (directory / ".fetching").mkdir()
    (directory / ".fetching" / "half.js").touch()

    assert set(PageFiles(directory).newest().files) == set(FILES) - {"notes.txt"}


def test_every_file_of_ours_is_of_a_kind_that_is_served() -> None:
    unknown = {path.name for path in PAGES.rglob("*") if path.is_file() and path.suffix not in TYPES}

    assert unknown == {"lock.sha256"}, "say in api.page_files.TYPES what it is"
