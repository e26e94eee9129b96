"""The loops that are compiled: arrays and scalars in, arrays and codes out.

Explicit signatures (one each: inputs may be read-only or memory-mapped), no parallel, no fastmath, so the same input
gives the same bits.

numba's cache looks only at the file of the kernel itself, so a kernel that calls one in another file would go on with
the old one after an upgrade. Therefore the cache's directory carries a hash of all kernels' sources: changed sources
find an empty one. `NUMBA_CACHE_DIR` overrules it.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numba

SOURCES = Path(__file__).parent


def sources_hash() -> str:
    """Equal as long as no kernel's source has changed."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(SOURCES.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """The first of: beside the sources, the user's cache, a directory of this user's alone among temporary files."""
    name = f"kernels-{sources_hash()}"
    beside = SOURCES / "__pycache__"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgqueue"
    for parent in (beside, home):
        try:
            (parent / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(parent / name, os.W_OK):
            return parent / name
    # Compiled code is run, so nobody else may be able to put a file there: no name that could be guessed.
    return Path(tempfile.mkdtemp(prefix=f"pgqueue-{name}-"))


_config: Any = numba.config
if not _config.CACHE_DIR:
    _config.CACHE_DIR = str(cache_directory())
