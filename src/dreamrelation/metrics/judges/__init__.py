"""Vision-language models that are asked about pictures."""
