"""I3D, a TorchScript file, as FVD has it."""
