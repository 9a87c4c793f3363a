"""The Parquet files between the stages: what a row of each is, and reading and writing them."""
