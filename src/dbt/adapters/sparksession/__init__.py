"""The dbt adapter of the target `spark`: dbt-spark, and Python models in the dbt process."""

from dbt.adapters.base import AdapterPlugin

from dbt.adapters.sparksession.impl import SparkSessionAdapter, SparkSessionCredentials
from dbt.include import sparksession

Plugin = AdapterPlugin(
    adapter=SparkSessionAdapter,
    credentials=SparkSessionCredentials,
    include_path=sparksession.PACKAGE_PATH,
    dependencies=["spark"],
)
