"""Training of the adapters: one step, and the loop around it."""
