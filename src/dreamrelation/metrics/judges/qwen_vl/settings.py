"""Settings of Qwen's models."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from dreamrelation.local_models import folder_files
from dreamrelation.settings.judges import JudgeSettings


class QwenVLSettings(JudgeSettings):
    """Qwen2.5-VL, Qwen3-VL or a later model of the family, through transformers."""

    implementation: ClassVar[str] = "dreamrelation.metrics.judges.qwen_vl.judge:QwenVL"

    kind: Literal["qwen_vl"] = "qwen_vl"
    path: str = "Qwen/Qwen2.5-VL-7B-Instruct"
    """Hub id or local folder."""
    revision: str | None = None
    """Commit of the hub's model; `None`: the newest."""
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    """Of weights and computing."""
    answers: Literal["probabilities", "sampled"] = "probabilities"
    """`probabilities`: those of the choices as the answer's first word, in one forward pass, the same in every pass;
    `sampled`: words, drawn anew in each pass."""
    temperature: Annotated[float, Field(gt=0, le=2)] = 0.7
    """Of sampled answers."""

    @model_validator(mode="after")
    def _revision_is_of_a_hub(self) -> "QwenVLSettings":
        if self.revision is not None and folder_files(self.path):
            raise ValueError(f"revision is set, but {self.path} is a folder of this machine")
        return self

    def files(self) -> list[str]:
        return folder_files(self.path)
