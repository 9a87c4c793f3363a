"""Parts from outside the package: one of each seam, as a stranger would write them."""
