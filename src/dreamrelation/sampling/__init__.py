"""Sampling: prompts, noise levels, guidance, and the solver of the flow."""
