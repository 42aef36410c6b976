"""Groups of traders who are linked with each other, directly or through others."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def linked_groups(links: pd.DataFrame) -> pd.DataFrame:
    """The connected components of a graph of traders.

    Parameters
    ----------
    links
        `trader_id` and `other_trader_id`, one row a pair.

    Returns
    -------
    pandas.DataFrame
        `trader_id`, `group_trader_id`, the least id of the group, by which it is called, and
        `group_traders`, how many it has; one row a linked trader, in the order of ids.
    """
    left = links["trader_id"].astype(str).to_numpy(dtype=object)
    right = links["other_trader_id"].astype(str).to_numpy(dtype=object)
    names, positions = np.unique(np.concatenate([left, right]), return_inverse=True)
    start, end = positions[: len(left)], positions[len(left) :]
    graph = coo_array((np.ones(len(left)), (start, end)), shape=(len(names), len(names)))
    _, group = connected_components(graph, directed=False)
    table = pd.DataFrame({"trader_id": names.astype(str), "group": group})
    by_group = table.groupby("group")["trader_id"]
    table["group_trader_id"] = by_group.transform("min")
    table["group_traders"] = by_group.transform("size")
    return table[["trader_id", "group_trader_id", "group_traders"]]
