"""Fixtures that several files of end-to-end tests use."""

from __future__ import annotations

import atexit
import fcntl
import os
from pathlib import Path

import pytest

from trader_segments.simulate import simulate
from warehouse_builds import (
    DAYS,
    INSTRUMENTS,
    Home,
    change_settings,
    copy_project,
    must,
    small_accounts,
    small_fills,
    small_prices,
    write_csv,
)


def quick_project(folder: Path, *without: str) -> Path:
    """A copy of the project that does not write descriptions into the database, a sixth faster."""
    project = copy_project(folder / "project", without=without)
    change_settings(
        project,
        lambda settings: settings["models"]["trader_segments"]["marts"].pop("+persist_docs"),
    )
    return project


@pytest.fixture(scope="session")
def lean_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without its unit tests, which never look at the data that is built."""
    return quick_project(tmp_path_factory.mktemp("lean"), "unit_tests")


@pytest.fixture(scope="session")
def bare_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without any test, for builds that are compared with each other."""
    return quick_project(tmp_path_factory.mktemp("bare"), "data_tests", "unit_tests")


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
def sample_home(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Home:
    """The sample venue, built once for the workers of a run together: to be read, never changed.

    What was planted in it is in `sample_home.raw_data.parent / "truth"`.
    """
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    folder /= "sample_home"
    folder.mkdir(exist_ok=True)
    home = Home(folder / "home", folder / "venue" / "raw", project=folder / "project")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            simulate(folder / "venue")
            quick_project(folder, "data_tests", "unit_tests")
            must(home.dbt("build"))
            (folder / "built").touch()
    return home


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cluster's tests, then those that build warehouses: nobody is left alone with one."""
    items.sort(key=lambda item: [item.get_closest_marker(m) is None for m in ("spark", "slow")])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Hush a worker that ends: duckdb's binding reports the connections hypothesis still holds."""
    if hasattr(config, "workerinput"):
        atexit.register(os.dup2, os.open(os.devnull, os.O_WRONLY), 2)
