"""VideoMAE through transformers."""
