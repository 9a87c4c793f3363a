"""The columns of the two CSV files in which the methods are compared."""

COMPARISON = ("metric", "unit", "better", "method", "mean", "low", "high", "relations", "videos", "missing")
"""`tables/comparison.csv`: each method's mean over the relations, with its interval."""
DIFFERENCES = ("metric", "method", "other", "difference", "low", "high")
"""`tables/differences.csv`: `method` less `other`."""
