"""Mochi 1: what is known without loading it. Sources: diffusers' Mochi classes and the publishers' defaults."""

from dreamrelation.backbone_spec import BackboneSpec, NativeLayer, SamplingDefaults, Schedule

MOCHI = BackboneSpec(
    title="Mochi",
    text_tokens=256,
    temporal_stride=6,
    spatial_stride=8,
    patch=2,
    # Inside `transformer_blocks.N`, visual branch first; the last block has no `to_add_out`.
    projections={
        "query": ("attn1.to_q", "attn1.add_q_proj"),
        "key": ("attn1.to_k", "attn1.add_k_proj"),
        "value": ("attn1.to_v", "attn1.add_v_proj"),
        "output": ("attn1.to_out.0", "attn1.to_add_out"),
    },
    # `convert_mochi_to_diffusers.py` of diffusers, and ComfyUI's Mochi, which has the publishers' names.
    native_blocks={"transformer_blocks": "blocks"},
    native_layers={
        "transformer_blocks.attn1.to_q": NativeLayer("attn.qkv_x", 0, 3),
        "transformer_blocks.attn1.to_k": NativeLayer("attn.qkv_x", 1, 3),
        "transformer_blocks.attn1.to_v": NativeLayer("attn.qkv_x", 2, 3),
        "transformer_blocks.attn1.add_q_proj": NativeLayer("attn.qkv_y", 0, 3),
        "transformer_blocks.attn1.add_k_proj": NativeLayer("attn.qkv_y", 1, 3),
        "transformer_blocks.attn1.add_v_proj": NativeLayer("attn.qkv_y", 2, 3),
        "transformer_blocks.attn1.to_out.0": NativeLayer("attn.proj_x"),
        "transformer_blocks.attn1.to_add_out": NativeLayer("attn.proj_y"),
    },
    sampling=SamplingDefaults(
        schedule=Schedule("linear_quadratic", 0.025), steps=64, guidance_scale=6.0, frames_per_second=30
    ),
)
