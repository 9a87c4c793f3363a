"""LTX-2: what is known without loading it. Sources: diffusers' LTX-2 classes and pipeline."""

import math

from dreamrelation.backbone_spec import BackboneSpec, NativeLayer, SamplingDefaults, Schedule

# Inside `transformer_blocks.N`: `attn1` is among the visual tokens, `attn2` from them to the text. Layers whose names
# begin with `audio_` and those between the two streams are not touched.
LAYERS = {
    "query": "attn1.to_q",
    "key": "attn1.to_k",
    "value": "attn1.to_v",
    "output": "attn1.to_out.0",
    "cross_query": "attn2.to_q",
    "cross_key": "attn2.to_k",
    "cross_value": "attn2.to_v",
    "cross_output": "attn2.to_out.0",
    "feed_forward_in": "ff.net.0.proj",
    "feed_forward_out": "ff.net.2",
}

LTX2 = BackboneSpec(
    title="LTX-2",
    text_tokens=1024,
    temporal_stride=8,
    spatial_stride=32,
    patch=1,
    projections={name: (layer,) for name, layer in LAYERS.items()},
    text_in_attention="cross",
    # The publishers' code has the same names for these layers.
    native_blocks={"transformer_blocks": "transformer_blocks"},
    native_layers={f"transformer_blocks.{layer}": NativeLayer(layer) for layer in LAYERS.values()},
    # In `LTX2Pipeline` the shift grows with the number of tokens N: exp(0.95 + 1.1·(N − 1024)/3072) by its defaults,
    # which is this at 4096. Other terms than classifier-free guidance are not taken over.
    sampling=SamplingDefaults(
        schedule=Schedule("shifted_and_stretched", math.exp(2.05)), steps=30, guidance_scale=3.0, frames_per_second=24
    ),
)
