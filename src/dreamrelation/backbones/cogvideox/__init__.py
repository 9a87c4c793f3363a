"""CogVideoX 1.0 of 2B and 5B, text to video."""
