"""HunyuanVideo: what is known without loading it. Sources: diffusers' HunyuanVideo classes and documentation;
`hyvideo/config.py` and `hyvideo/constants.py` of Tencent-Hunyuan/HunyuanVideo.
"""

from dreamrelation.backbone_spec import BackboneSpec, NativeLayer, SamplingDefaults, Schedule

# In the publishers' blocks of one stream, query, key, value and the first layer of the feed-forward network are one
# layer of 1 + 1 + 1 + 4 times the width.
FUSED = 7

HUNYUAN_VIDEO = BackboneSpec(
    title="HunyuanVideo",
    text_tokens=256,
    temporal_stride=4,
    spatial_stride=8,
    patch=2,
    # In `transformer_blocks.N`, of two streams, visual branch first. In `single_transformer_blocks.N` text tokens
    # follow the visual ones through the same layers, and the output of attention and feed-forward network is one layer.
    projections={
        "query": ("attn.to_q", "attn.add_q_proj"),
        "key": ("attn.to_k", "attn.add_k_proj"),
        "value": ("attn.to_v", "attn.add_v_proj"),
        "output": ("attn.to_out.0", "attn.to_add_out", "proj_out"),
    },
    text_place="after",
    blocks=("transformer_blocks", "single_transformer_blocks"),
    block_counts=("num_layers", "num_single_layers"),
    # `convert_hunyuan_video_to_diffusers.py` of diffusers.
    native_blocks={"transformer_blocks": "double_blocks", "single_transformer_blocks": "single_blocks"},
    native_layers={
        "transformer_blocks.attn.to_q": NativeLayer("img_attn_qkv", 0, 3),
        "transformer_blocks.attn.to_k": NativeLayer("img_attn_qkv", 1, 3),
        "transformer_blocks.attn.to_v": NativeLayer("img_attn_qkv", 2, 3),
        "transformer_blocks.attn.to_out.0": NativeLayer("img_attn_proj"),
        "transformer_blocks.attn.add_q_proj": NativeLayer("txt_attn_qkv", 0, 3),
        "transformer_blocks.attn.add_k_proj": NativeLayer("txt_attn_qkv", 1, 3),
        "transformer_blocks.attn.add_v_proj": NativeLayer("txt_attn_qkv", 2, 3),
        "transformer_blocks.attn.to_add_out": NativeLayer("txt_attn_proj"),
        "single_transformer_blocks.attn.to_q": NativeLayer("linear1", 0, FUSED),
        "single_transformer_blocks.attn.to_k": NativeLayer("linear1", 1, FUSED),
        "single_transformer_blocks.attn.to_v": NativeLayer("linear1", 2, FUSED),
        "single_transformer_blocks.proj_out": NativeLayer("linear2"),
    },
    sampling=SamplingDefaults(
        schedule=Schedule("shifted", 7.0),
        steps=50,
        guidance_scale=1.0,
        embedded_guidance=6.0,
        frames_per_second=24,
    ),
)
