"""The sizes of the small Grounding DINO and the small SAM, as files that their packages' classes are built from."""

from pathlib import Path

import yaml
from transformers import BertConfig, BertTokenizerFast  # pyright: ignore[reportAttributeAccessIssue]

from dreamrelation.puppets.models.figure_pictures import WIDTH
from dreamrelation.puppets.theatre.figures import KINDS

GROUNDING_DINO = {
    "swin": {"embed_dim": 24, "depths": [2, 2, 2, 2], "num_heads": [2, 2, 4, 4], "window_size": 6},
    "num_feature_levels": 3,
    "enc_layers": 1,
    "dec_layers": 2,
    "dim_feedforward": 256,
    "num_queries": 16,
    "fusion_droppath": 0.0,
}
"""What differs from the Swin-T of groundingdino-py. Its width stays at 256, which the package's positions need."""
SAM = {
    "image_size": WIDTH,
    "patch_size": 8,
    "encoder_width": 96,
    "encoder_depth": 6,
    "encoder_heads": 4,
    "encoder_window": 8,
    "global_blocks": [2, 5],
    "prompt_width": 64,
    "decoder_depth": 2,
    "decoder_heads": 4,
    "decoder_mlp_width": 256,
    "iou_head_width": 64,
}
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?")
CONFIG, TEXT_ENCODER, ARCHITECTURE, WEIGHTS = "config.yaml", "text_encoder", "architecture.yaml", "model.safetensors"
"""The files in the two models' folders."""


def write_grounding_dino_files(folder: Path) -> None:
    """Write config, vocabulary and text encoder's sizes: a word a token, of the kinds of figures and no others."""
    _write_yaml(folder / CONFIG, GROUNDING_DINO)
    text = folder / TEXT_ENCODER
    text.mkdir(parents=True, exist_ok=True)
    vocabulary = text / "vocab.txt"
    vocabulary.write_text("\n".join([*SPECIAL_TOKENS, *KINDS]) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab=str(vocabulary)).save_pretrained(text)
    BertConfig(
        vocab_size=len(SPECIAL_TOKENS) + len(KINDS),
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=64,
    ).save_pretrained(text)


def write_sam_files(folder: Path) -> None:
    """Write the sizes of the small SAM."""
    _write_yaml(folder / ARCHITECTURE, SAM)


def _write_yaml(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
