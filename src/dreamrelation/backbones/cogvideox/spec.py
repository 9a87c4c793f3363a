"""CogVideoX: what is known without loading it. Sources: diffusers' CogVideoX classes and documentation; the model cards
of CogVideoX-2b and CogVideoX-5b.
"""

from dataclasses import replace

from dreamrelation.backbone_spec import BackboneSpec, SamplingDefaults, Schedule

COGVIDEOX_5B = BackboneSpec(
    title="CogVideoX 5B",
    temporal_stride=4,
    # The decoder takes latent frames in pairs, and the first one alone only where the others are even in number.
    latent_frame_step=2,
    spatial_stride=8,
    patch=2,
    # Inside `transformer_blocks.N`; text and visual tokens go through the same layers.
    projections={
        "query": ("attn1.to_q",),
        "key": ("attn1.to_k",),
        "value": ("attn1.to_v",),
        "output": ("attn1.to_out.0",),
        "feed_forward_in": ("ff.net.0.proj",),
        "feed_forward_out": ("ff.net.2",),
    },
    text_place="before",
    text_in_attention="before",
    text_tokens=226,
    sampling=SamplingDefaults(
        schedule=Schedule("zero_terminal_snr", 1.0), steps=50, guidance_scale=6.0, frames_per_second=8
    ),
)

COGVIDEOX_2B = replace(
    COGVIDEOX_5B,
    title="CogVideoX 2B",
    sampling=replace(COGVIDEOX_5B.sampling, schedule=Schedule("zero_terminal_snr", 3.0)),
)
