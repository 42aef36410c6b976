"""Who may be known by what leaves the warehouse, and how a person is taken out of it."""
