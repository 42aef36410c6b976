"""Fixtures that several files of end-to-end tests use."""

from __future__ import annotations

import atexit
import fcntl
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from trader_segments.simulate import simulate
from warehouse_builds import (
    DAYS,
    INSTRUMENTS,
    TESTS,
    Home,
    change_settings,
    copy_project,
    must,
    small_accounts,
    small_fills,
    small_prices,
    write_csv,
)

Once = Callable[[str, Callable[[Path], object]], Path]


def quick_project(folder: Path, *, without: Sequence[str]) -> Path:
    """A copy of the project that does not write descriptions into the database, a sixth faster."""
    project = copy_project(folder / "project", without=without)
    change_settings(
        project,
        lambda settings: settings["models"]["trader_segments"]["marts"].pop("+persist_docs"),
    )
    return project


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Once:
    """Makes a folder of a name for the workers of a run together: to be read, never changed."""
    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        base = base.parent

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = base / name
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                make(folder)
                (folder / "made").touch()
        return folder

    return made


@pytest.fixture(scope="session")
def lean_project(once: Once) -> Path:
    """The project without its unit tests, which never look at the data that is built."""
    return once("lean", partial(quick_project, without=["unit_tests"])) / "project"


@pytest.fixture(scope="session")
def bare_project(once: Once) -> Path:
    """The project without any test, for builds that are compared with each other."""
    return once("bare", partial(quick_project, without=TESTS)) / "project"


@pytest.fixture(scope="session")
def small_venue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw tables of a venue of ten accounts and twelve days, as CSV."""
    folder = tmp_path_factory.mktemp("small_venue")
    write_csv(folder / "fills.csv", small_fills(DAYS))
    write_csv(folder / "instruments.csv", INSTRUMENTS)
    write_csv(folder / "accounts.csv", small_accounts())
    write_csv(folder / "index_prices.csv", small_prices(DAYS))
    return folder


@pytest.fixture(scope="session")
def sample_home(once: Once, bare_project: Path) -> Home:
    """The sample venue, built once for the workers of a run together.

    What was planted in it is in `sample_home.raw_data.parent / "truth"`.
    """

    def home(folder: Path) -> Home:
        return Home(folder / "home", folder / "venue" / "raw", project=bare_project)

    def make(folder: Path) -> None:
        simulate(folder / "venue")
        must(home(folder).dbt("build"))

    return home(once("sample", make))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cluster's tests, then those that build warehouses: nobody is left alone with one."""
    items.sort(key=lambda item: [item.get_closest_marker(m) is None for m in ("spark", "slow")])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Hush a worker that ends: duckdb's binding reports the connections hypothesis still holds."""
    if hasattr(config, "workerinput"):
        atexit.register(os.dup2, os.open(os.devnull, os.O_WRONLY), 2)
