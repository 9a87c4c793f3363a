"""Losses of the method: masked reconstruction and the space-time relational contrastive loss."""
