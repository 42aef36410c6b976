"""The dbt adapter of the target `spark`: dbt-spark, and Python models in the dbt process."""

from pathlib import Path

from dbt.adapters.base.plugin import AdapterPlugin

from dbt.adapters.sparksession.impl import SparkSessionAdapter, SparkSessionCredentials

Plugin = AdapterPlugin(
    adapter=SparkSessionAdapter,
    credentials=SparkSessionCredentials,
    # dbt takes the name of the macros' package, dbt_sparksession, from the last folder
    include_path=str(Path(__file__).parent / "include" / "sparksession"),
    dependencies=["spark"],
)
