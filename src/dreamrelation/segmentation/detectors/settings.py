"""Settings of the detectors."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.local_models import folder_files
from dreamrelation.settings.base import Share
from dreamrelation.settings.segmenters import DetectorSettings


class GroundingDinoSettings(DetectorSettings):
    """Grounding DINO: boxes round what a prompt names, from the official checkpoint."""

    implementation: ClassVar[str] = "dreamrelation.segmentation.detectors.grounding_dino:GroundingDino"

    kind: Literal["grounding_dino"] = "grounding_dino"
    checkpoint: str = "weights/groundingdino_swint_ogc.pth"
    """Grounding DINO's official checkpoint file, or a safetensors file of the same names."""
    config: str | None = None
    """A Grounding DINO config file, or a YAML file with what differs from the Swin-T one that comes with
    `groundingdino-py` (`swin` are arguments of its image encoder); `None`: that one."""
    text_encoder: str = "google-bert/bert-base-uncased"
    """Hub id or local folder of the BERT that Grounding DINO reads prompts with."""
    prompt: str = "person."
    """Lower-case noun phrases, each ended by a dot."""
    box_threshold: Share = 0.35
    """A box counts if its best score, over all tokens of the prompt, is above this."""
    text_threshold: Share = 0.25
    """And if its best score over the prompt's words is above this."""
    short_side: Annotated[int, Field(ge=32, le=8192)] = 800
    """Frames are resized to this for the detector, their long side to at most 5/3 of it, as the authors do."""

    def files(self) -> list[str]:
        own = [self.checkpoint] if self.config is None else [self.checkpoint, self.config]
        return own + folder_files(self.text_encoder)
