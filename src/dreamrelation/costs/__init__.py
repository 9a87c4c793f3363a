"""What a computation will cost, counted on tensors without values."""
