"""Qwen's vision-language models on this machine."""
