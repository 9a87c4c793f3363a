"""Video diffusion transformers behind one interface: nothing above this layer names a model."""
