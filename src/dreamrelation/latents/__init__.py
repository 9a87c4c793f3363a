"""The latent cache: what training reads instead of videos."""
