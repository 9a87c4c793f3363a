"""A random HunyuanVideo in diffusers' layout, as small as it gets, for tests of contracts."""

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLHunyuanVideo,
    FlowMatchEulerDiscreteScheduler,
    HunyuanVideoPipeline,
    HunyuanVideoTransformer3DModel,
)
from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaModel, PreTrainedTokenizerFast

from dreamrelation.backbones.hunyuan_video.settings import HunyuanVideoSettings
from dreamrelation.relations import RELATIONS

BEGIN, END, PAD = "<s>", "</s>", "<pad>"
SPECIAL = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
POOLED, TOKENS = 32, 32
TEMPLATE: str = DEFAULT_PROMPT_TEMPLATE["template"]


def write_random_hunyuan_video(folder: Path) -> HunyuanVideoSettings:
    """One block of two streams and two of one, of width 32; every weight is random but fixed."""
    torch.manual_seed(8)
    language, clip = byte_level_tokenizer(BEGIN), byte_level_tokenizer(BEGIN, END)
    for tokenizer in (language, clip):
        tokenizer.model_max_length = template_tokens(tokenizer) + TOKENS
    transformer = HunyuanVideoTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=1,
        num_single_layers=2,
        num_refiner_layers=1,
        text_embed_dim=64,
        pooled_projection_dim=POOLED,
        rope_axes_dim=(4, 6, 6),
    )
    with torch.no_grad():
        for name, parameter in transformer.named_parameters():
            if name.endswith("weight") and parameter.ndim == 2:
                parameter.normal_(std=1.0 / parameter.shape[1] ** 0.5)
    vae = AutoencoderKLHunyuanVideo(block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4)  # pyright: ignore[reportArgumentType]
    llama = LlamaConfig(
        vocab_size=len(language), hidden_size=64, intermediate_size=64, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.2,
    )  # fmt: skip
    ids: Any = clip.convert_tokens_to_ids([BEGIN, END])
    text = CLIPTextConfig(
        vocab_size=len(clip), hidden_size=POOLED, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        projection_dim=32, bos_token_id=ids[0], eos_token_id=ids[1], initializer_factor=5.0,
    )  # fmt: skip
    pipeline = HunyuanVideoPipeline(
        LlamaModel(llama),
        language,  # type: ignore[arg-type]
        transformer,
        vae,
        FlowMatchEulerDiscreteScheduler(shift=7.0),
        CLIPTextModel(text),
        clip,  # type: ignore[arg-type]
    )
    pipeline.save_pretrained(folder)
    return HunyuanVideoSettings(path=str(folder), precision="float32", template_tokens=template_tokens(language))  # type: ignore[arg-type]


def template_tokens(tokenizer: PreTrainedTokenizerFast) -> int:
    """Of the template before the text."""
    return len(tokenizer(TEMPLATE.split("{}")[0]).input_ids)


def byte_level_tokenizer(*around: str) -> PreTrainedTokenizerFast:
    """Byte-level pieces, as LLaMA's and CLIP's, that know the template and the relations; `around` each text."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    pieces.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=[PAD, BEGIN, END, *SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [TEMPLATE, *(relation.caption("dog", "cat") for relation in RELATIONS.values())]
    pieces.train_from_iterator(texts, trainer)
    pieces.post_processor = processors.TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue]
        single=" ".join([around[0], "$A", *around[1:]]),
        special_tokens=[(token, pieces.token_to_id(token)) for token in around],
    )
    names = {"pad_token": PAD, "bos_token": BEGIN, "eos_token": END}
    return PreTrainedTokenizerFast(tokenizer_object=pieces, **names)
