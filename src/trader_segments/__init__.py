"""Customer value segmentation for derivatives venues: the functions behind the dbt project."""
