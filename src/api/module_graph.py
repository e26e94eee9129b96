"""Which modules a page needs before it can run: those its scripts name, those that these import, and so on."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator

# An import or re-export of our own files: `import … from "./x.js"` over any lines, `import "./x.js"`, `export … from`.
# What is imported when it is needed, by import(), is no part of it.
STATIC_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b(?:[^"'`;()]*?\bfrom)?\s*["'](?P<address>\.{1,2}/[^"']+)["']""", re.MULTILINE
)


def needed(entries: Iterable[str], read: Callable[[str], str | None]) -> list[str]:
    """The entries and all they import, nearest first, each once; paths as `read` takes them, None for no such file."""
    found = dict.fromkeys(entries)
    waiting = list(found)
    for module in waiting:
        text = read(module)
        if text is None:
            continue
        for imported in imports(module, text):
            if imported not in found:
                found[imported] = None
                waiting.append(imported)
    return waiting


def imports(module: str, text: str) -> Iterator[str]:
    """Paths of what the module imports, from where its own path begins."""
    for match in STATIC_IMPORT.finditer(text):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(module), match["address"]))
