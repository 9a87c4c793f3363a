"""How much moves."""
