"""The 6k+1 rule of Mochi's causal VAE: which pixel frames a latent frame covers.

Latent frame 0 covers pixel frame 0; latent frame k ≥ 1 covers pixel frames 6k−5 … 6k.
"""

TEMPORAL_STRIDE = 6
SPATIAL_STRIDE = 8
PATCH = 2


def check_pixel_frames(pixel_frames: int) -> None:
    """Raise ValueError unless the number of frames is 6k+1, at least 7."""
    if pixel_frames < TEMPORAL_STRIDE + 1 or (pixel_frames - 1) % TEMPORAL_STRIDE:
        raise ValueError(f"found {pixel_frames} pixel frames, expected {TEMPORAL_STRIDE}k+1 (7, 13, 19, …, 61)")


def latent_frames(pixel_frames: int) -> int:
    """Number of latent frames f of F pixel frames."""
    check_pixel_frames(pixel_frames)
    return (pixel_frames - 1) // TEMPORAL_STRIDE + 1


def covered_frames(latent_frame: int) -> range:
    """Pixel frames that a latent frame covers."""
    if latent_frame < 0:
        raise ValueError(f"found latent frame {latent_frame}, expected at least 0")
    if latent_frame == 0:
        return range(1)
    return range(TEMPORAL_STRIDE * latent_frame - TEMPORAL_STRIDE + 1, TEMPORAL_STRIDE * latent_frame + 1)


def latent_grid(pixel_frames: int, height: int, width: int) -> tuple[int, int, int]:
    """(f, h, w) of a clip. Raises ValueError where a side does not fill whole patches."""
    multiple = SPATIAL_STRIDE * PATCH
    if height % multiple or width % multiple or min(height, width) < multiple:
        raise ValueError(f"found frames of {height} × {width} pixels, expected multiples of {multiple}")
    return latent_frames(pixel_frames), height // SPATIAL_STRIDE, width // SPATIAL_STRIDE
