"""Wan: what is known without loading it. Sources: diffusers' Wan classes and documentation; `generate.py` of
Wan-Video/Wan2.1 and `wan/configs/` of Wan-Video/Wan2.1 and Wan-Video/Wan2.2.
"""

from dataclasses import replace

from dreamrelation.backbone_spec import BackboneSpec, NativeLayer, SamplingDefaults, Schedule

# `sample_neg_prompt` of `wan/configs/shared_config.py` in Wan-Video/Wan2.1, the same in Wan2.2; a value that the models
# are sampled with, so it stays as it is. It asks for no garish colours, no still or blurred pictures, no subtitles, no
# deformed hands and faces, no crowded background, nobody walking backwards.
NEGATIVE_PROMPT = (
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，"
    "JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，"
    "静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走"
)

WAN = BackboneSpec(
    title="Wan 2.1",
    temporal_stride=4,
    spatial_stride=8,
    patch=2,
    # Inside `blocks.N`: `attn1` is among the visual tokens, `attn2` from them to the text.
    projections={
        "query": ("attn1.to_q",),
        "key": ("attn1.to_k",),
        "value": ("attn1.to_v",),
        "output": ("attn1.to_out.0",),
        "cross_query": ("attn2.to_q",),
        "cross_key": ("attn2.to_k",),
        "cross_value": ("attn2.to_v",),
        "cross_output": ("attn2.to_out.0",),
        "feed_forward_in": ("ffn.net.0.proj",),
        "feed_forward_out": ("ffn.net.2",),
    },
    text_in_attention="cross",
    splits_tokens=True,
    blocks=("blocks",),
    # `convert_wan_to_diffusers.py` of diffusers.
    native_blocks={"blocks": "blocks"},
    native_layers={
        **{f"blocks.attn1.to_{name}": NativeLayer(f"self_attn.{name}") for name in "qkv"},
        "blocks.attn1.to_out.0": NativeLayer("self_attn.o"),
        **{f"blocks.attn2.to_{name}": NativeLayer(f"cross_attn.{name}") for name in "qkv"},
        "blocks.attn2.to_out.0": NativeLayer("cross_attn.o"),
        "blocks.ffn.net.0.proj": NativeLayer("ffn.0"),
        "blocks.ffn.net.2": NativeLayer("ffn.2"),
    },
    # The shift is that of diffusers' documentation of Wan: 3 for 480 rows, 5 for 720. The publishers' own program takes
    # 5 at any size, and its README recommends 8 to 12, with a guidance of 6, for the 1.3B.
    sampling=SamplingDefaults(
        schedule=Schedule("shifted", 3.0),
        steps=50,
        guidance_scale=5.0,
        frames_per_second=16,
        negative_prompt=NEGATIVE_PROMPT,
    ),
)

# `wan_ti2v_5B.py` of Wan-Video/Wan2.2. Its autoencoder has 48 channels and twice the stride in space.
WAN_2_2_5B = replace(
    WAN,
    title="Wan 2.2 5B",
    spatial_stride=16,
    sampling=replace(WAN.sampling, schedule=Schedule("shifted", 5.0), frames_per_second=24),
)

# `wan_t2v_A14B.py` of Wan-Video/Wan2.2. The guidance of 4 is the one of high noise, where a video's layout comes about;
# below the boundary the publishers take 3, which one scale cannot say.
WAN_2_2_A14B = replace(
    WAN,
    title="Wan 2.2 A14B",
    sampling=replace(WAN.sampling, schedule=Schedule("shifted", 12.0), steps=40, guidance_scale=4.0),
    experts=True,
    splits_tokens=False,
    native_parts={"transformer": "_high_noise", "transformer_2": "_low_noise"},
    # Its module holds two transformers, under the names that they have in diffusers' pipeline.
    state_prefix="",
)
