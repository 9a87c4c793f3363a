"""Masks of the two subjects: segmenting, identity, checks, storage and pooling to the latent grid."""
