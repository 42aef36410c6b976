"""Macros of the adapter `sparksession`, which go before those of dbt-spark."""

from pathlib import Path

PACKAGE_PATH = str(Path(__file__).parent)
