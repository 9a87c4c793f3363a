"""Which SAM a checkpoint is of: one of the three official sizes, or one that a file describes."""

from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import yaml
from pydantic import Field, ValidationError
from segment_anything import sam_model_registry
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

from dreamrelation.errors import UserError
from dreamrelation.settings.base import Count, Settings

SETTING = "masks.segmenter.architecture"


class SamArchitecture(Settings):
    """The sizes of a SAM whose classes are the official ones."""

    image_size: Annotated[int, Field(ge=32, le=4096)]
    """Long side of its pictures, in pixels."""
    patch_size: Count
    """Side of a patch, in pixels; masks come out at four per patch."""
    encoder_width: Count
    encoder_depth: Count
    encoder_heads: Count
    encoder_window: Count
    """Side of the windows in which most blocks attend, in patches."""
    global_blocks: tuple[Annotated[int, Field(ge=0)], ...]
    """The blocks that attend to the whole picture, counted from 0."""
    prompt_width: Annotated[int, Field(ge=8, multiple_of=8)]
    """Channels of the image's embedding, of prompts and of the decoder."""
    decoder_depth: Count
    decoder_heads: Count
    decoder_mlp_width: Count
    iou_head_width: Count

    def build(self) -> Sam:
        """A SAM of these sizes, with random weights."""
        side = self.image_size // self.patch_size
        return Sam(
            image_encoder=ImageEncoderViT(
                img_size=self.image_size,
                patch_size=self.patch_size,
                embed_dim=self.encoder_width,
                depth=self.encoder_depth,
                num_heads=self.encoder_heads,
                norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),  # pyright: ignore[reportArgumentType]
                out_chans=self.prompt_width,
                use_rel_pos=True,
                window_size=self.encoder_window,
                global_attn_indexes=self.global_blocks,
            ),
            prompt_encoder=PromptEncoder(
                embed_dim=self.prompt_width,
                image_embedding_size=(side, side),
                input_image_size=(self.image_size, self.image_size),
                mask_in_chans=16,
            ),
            mask_decoder=MaskDecoder(
                transformer_dim=self.prompt_width,
                transformer=TwoWayTransformer(
                    depth=self.decoder_depth,
                    embedding_dim=self.prompt_width,
                    num_heads=self.decoder_heads,
                    mlp_dim=self.decoder_mlp_width,
                ),
                iou_head_hidden_dim=self.iou_head_width,
            ),
            pixel_mean=[123.675, 116.28, 103.53],
            pixel_std=[58.395, 57.12, 57.375],
        )


def build_sam(architecture: str) -> Sam:
    """A SAM with random weights: `vit_h`, `vit_l`, `vit_b`, or as the YAML file at `architecture` says.

    Raises UserError where there is no such file, or it describes no SAM.
    """
    if architecture in sam_model_registry:
        return sam_model_registry[architecture](checkpoint=None)
    file = Path(architecture)
    if not file.is_file():
        names = ", ".join(name for name in sam_model_registry if name != "default")
        raise UserError(f"{SETTING}: found {architecture!r}, expected one of {names} or a YAML file of sizes")
    try:
        return SamArchitecture.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))).build()
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"{SETTING}: {architecture} does not describe a SAM: {error}") from error
