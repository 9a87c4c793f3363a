"""No method: the base model as it is."""
