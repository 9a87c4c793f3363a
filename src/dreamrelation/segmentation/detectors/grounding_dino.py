"""Grounding DINO (Liu et al., 2024): boxes round what a prompt names, by groundingdino-py with official weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import yaml
from groundingdino.models import build_model
from groundingdino.util import get_tokenlizer
from groundingdino.util.misc import clean_state_dict
from groundingdino.util.slconfig import SLConfig
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoTokenizer, BertConfig, BertModel

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.segmentation.checkpoints import load_weights, read_checkpoint
from dreamrelation.segmentation.detectors.bert_for_grounding_dino import BertForGroundingDino
from dreamrelation.segmentation.detectors.settings import GroundingDinoSettings
from dreamrelation.segmentation.interface import Boxes
from dreamrelation.settings.machine import MachineSettings

SETTINGS = "masks.segmenter.detector"
"""Where a configuration has these settings, for messages."""
UNUSED = frozenset({"label_enc.weight", "bert.embeddings.position_ids"})
"""Names in the official checkpoints that belong to training, or to older versions of transformers."""
LONG_SIDE = 5 / 3
"""The authors' 1333 over 800."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class GroundingDino:
    """Boxes and scores of a prompt, in float32: bfloat16 has too few digits for coordinates."""

    def __init__(self, settings: GroundingDinoSettings, machine: MachineSettings) -> None:
        """Build the model and load its weights.

        Raises UserError where a file is missing or does not fit, or the prompt names nothing.
        """
        self.device = choose_device(machine.device)
        setting = f"{SETTINGS}.checkpoint"
        content = read_checkpoint(setting, settings.checkpoint)
        weights = clean_state_dict(content.get("model", content))
        model = build_detector(settings)
        load_weights(model, weights, setting, settings.checkpoint, UNUSED)
        self.settings = settings
        self.model = model.eval().requires_grad_(False).to(self.device)
        self.prompt = settings.prompt.lower().strip()
        self._phrase_tokens = self._tokens_of_phrases()

    @torch.no_grad()
    def detect(self, frames: np.ndarray) -> list[Boxes]:
        """Per frame of (B, H, W, 3) uint8 RGB."""
        height, width = frames.shape[1:3]
        images = self._prepared(frames)
        output = self.model(images, captions=[self.prompt] * len(frames))
        likelihood = output["pred_logits"].sigmoid().cpu()
        boxes = output["pred_boxes"].double().cpu() * torch.tensor([width, height, width, height])
        corners = torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], dim=-1)
        found = []
        for own, likely in zip(corners, likelihood, strict=True):
            score = likely.max(dim=-1).values
            named = likely[:, self._phrase_tokens].max(dim=-1).values > self.settings.text_threshold
            keep = named & (score > self.settings.box_threshold)
            found.append(Boxes(own[keep].numpy(), score[keep].double().numpy()))
        return found

    def _prepared(self, frames: np.ndarray) -> Tensor:
        """Normalised (B, 3, h, w), the short side at its set size unless the long one gets too long."""
        short = self.settings.short_side
        low, high = sorted(frames.shape[1:3])
        scale = min(short / low, LONG_SIDE * short / high)
        size = [round(side * scale) for side in frames.shape[1:3]]
        images = torch.from_numpy(frames).to(self.device).permute(0, 3, 1, 2).float() / 255
        images = F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True).clamp(0, 1)
        mean, std = (images.new_tensor(v)[:, None, None] for v in (MEAN, STD))
        return (images - mean) / std

    def _tokens_of_phrases(self) -> list[int]:
        """Positions of the prompt's words among its tokens. Raises UserError unless the prompt names something."""
        if not self.prompt.endswith("."):
            raise UserError(f"{SETTINGS}.prompt: found {self.settings.prompt!r}, expected phrases that end in a dot")
        detector: Any = self.model
        tokenizer, special = detector.tokenizer, set(detector.specical_tokens)  # the library's spelling
        ids = tokenizer(self.prompt)["input_ids"]
        positions = [at for at, token in enumerate(ids) if token not in special]
        if not positions:
            raise UserError(f"{SETTINGS}.prompt: found {self.settings.prompt!r}, expected words")
        return positions


def build_detector(settings: GroundingDinoSettings) -> nn.Module:
    """Grounding DINO as its config file says, not yet with weights.

    Of the text encoder only config and tokenizer are read: the detector's checkpoint has its weights. Raises UserError
    where either file cannot be read.
    """
    options, swin = _options(settings.config)
    options.use_checkpoint = options.use_transformer_ckpt = False  # saves memory in training, costs time here
    backbones = import_module("groundingdino.models.GroundingDINO.backbone.backbone")
    sized = partial(backbones.build_swin_transformer, **swin)
    with _text_encoder(settings.text_encoder), _replaced(backbones, "build_swin_transformer", sized):
        return build_model(options)


def _options(config: str | None) -> tuple[Any, dict[str, Any]]:
    """A detector's options, and the arguments of its image encoder that differ from the named one's."""
    if config is not None and not Path(config).is_file():
        raise UserError(f"{SETTINGS}.config: found no file at {config}, expected a Grounding DINO config")
    if config is not None and not config.endswith((".yaml", ".yml")):
        return SLConfig.fromfile(config), {}
    packaged = resources.files("groundingdino.config") / "GroundingDINO_SwinT_OGC.py"
    with resources.as_file(packaged) as swin_t:
        options = SLConfig.fromfile(str(swin_t))
    different = {} if config is None else yaml.safe_load(Path(config).read_text(encoding="utf-8"))
    if not isinstance(different, dict):
        raise UserError(f"{SETTINGS}.config: {config} holds a {type(different).__name__}, expected a mapping")
    swin = different.pop("swin", {})
    unknown = sorted(set(different) - set(options._cfg_dict))
    if unknown:
        raise UserError(f"{SETTINGS}.config: {config} has {unknown[0]!r}, which Grounding DINO's config has not")
    options.merge_from_dict(different)
    return options, swin


@contextmanager
def _text_encoder(source: str) -> Iterator[None]:
    """Make the library build its BERT from a folder or hub id of ours, with the wrapper that still works."""
    try:
        config = BertConfig.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{SETTINGS}.text_encoder: cannot read {source}: {error}") from error
    module = import_module("groundingdino.models.GroundingDINO.groundingdino")
    with (
        _replaced(get_tokenlizer, "get_tokenlizer", lambda _: tokenizer),
        _replaced(get_tokenlizer, "get_pretrained_language_model", lambda _: BertModel(config)),
        _replaced(module, "BertModelWarper", BertForGroundingDino),
    ):
        yield


@contextmanager
def _replaced(module: ModuleType, name: str, value: object) -> Iterator[None]:
    original = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)
