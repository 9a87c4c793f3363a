"""Settings that every backbone has."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import field_validator

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.local_models import model_files
from dreamrelation.settings.base import Component, Settings

Part = Literal["autoencoder", "text_encoder", "denoiser"]
"""A part of a model that loads by itself."""
Precision = Literal["float32", "bfloat16"]
QUANTISED = ("float8", "int8", "nf4")
DenoiserPrecision = Literal["float32", "bfloat16", "float8", "int8", "nf4"]
"""The last three: weights of the blocks in 8, 8 and 4 bits, products in bfloat16."""


class Precisions(Settings):
    """Of the frozen weights and the forward pass of each part; what is trained is always float32.

    `None` stands for a part that a stage does not use.
    """

    autoencoder: Precision | None = "bfloat16"
    text_encoder: Precision | None = "bfloat16"
    denoiser: DenoiserPrecision | None = "bfloat16"
    """Also `float8`, `int8` and `nf4`: the weights of the blocks' linear layers in 8, 8 or 4 bits (QLoRA), which takes
    less memory and gives other numbers; products are in bfloat16."""


class ModelSettings(Component):
    """The video diffusion transformer. Extended by the settings of each backbone."""

    spec: ClassVar[BackboneSpec]
    """What is known of the model without loading it."""
    folders: ClassVar[dict[Part, tuple[str, ...]]]
    """Folders or files, in diffusers' layout, that each part is loaded from."""
    published: ClassVar[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {}
    """Hub id of a published model → folder, "" for the model's own → in which its configuration differs from the
    defaults of diffusers' class. By it a cost is counted before anything is downloaded."""

    path: str
    """Hub id, or a local folder in diffusers' layout."""
    revision: str | None = None
    """Commit of the hub repository; `None`: the newest."""
    variant: str | None = None
    """Weight variant of the hub repository, such as bf16."""
    precision: Precisions = Precisions()
    """One for all parts, such as `float32`, or one for each."""

    @field_validator("precision", mode="before")
    @classmethod
    def _one_for_all(cls, value: Any) -> Any:
        """One of the quantised ones is the denoiser's, the other parts keep their own."""
        if value in QUANTISED:
            return {"denoiser": value}
        return dict.fromkeys(Precisions.model_fields, value) if isinstance(value, str) else value

    def only(self, *parts: Part) -> "ModelSettings":
        """These settings without those of the other parts, for a stage that uses only `parts`."""
        unused = dict.fromkeys(Precisions.model_fields.keys() - set(parts))
        return self.model_copy(update={"precision": self.precision.model_copy(update=unused)})

    def files(self) -> list[str]:
        """Local files of the parts that these settings are for."""
        used = [folder for part, folders in self.folders.items() if self.uses(part) for folder in folders]
        return model_files(self.path, used)

    def uses(self, part: Part) -> bool:
        """Whether `only` left the settings of a part in."""
        return getattr(self.precision, part) is not None
