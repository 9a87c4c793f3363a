"""The stages, one module per rule: the only place where libraries meet."""
