"""LTX-2, text to video, by the classes of diffusers; its sound is left out."""
