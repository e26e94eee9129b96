"""Whom PostgreSQL runs as when we are root: it refuses to be root itself."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "pgqueue"
FALLBACKS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class SystemUser:
    name: str
    uid: int
    gid: int


def system_user() -> SystemUser | None:
    """The unprivileged user to become, made when missing; None when we are unprivileged ourselves."""
    if os.geteuid() != 0:
        return None
    entry = _find(NAME) or _make() or next(filter(None, map(_find, FALLBACKS)), None)
    if entry is None:
        return None
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    command = [
        useradd,
        "--system",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
        NAME,
    ]
    subprocess.run(command, check=False, capture_output=True)
    return _find(NAME)


def can_reach(user: SystemUser, path: Path) -> bool:
    """Whether that user may execute what is at the path, every directory above it included."""
    probe = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', str(path)],
        check=False,
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        cwd="/",
    )
    return probe.returncode == 0
