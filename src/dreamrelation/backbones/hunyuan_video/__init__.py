"""HunyuanVideo of 13B, text to video, by the classes of diffusers."""
