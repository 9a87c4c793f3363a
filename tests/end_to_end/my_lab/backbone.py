"""A backbone: the small Mochi under another name, with other defaults, told apart by its spec and its fingerprint."""

from dataclasses import replace
from typing import ClassVar, Literal

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.settings.model import Part


class OtherMochi(Mochi):
    """Implements `Backbone`."""

    class Settings(MochiSettings):
        """As the small Mochi's."""

        spec: ClassVar[BackboneSpec] = replace(
            MOCHI, title="Other", sampling=replace(MOCHI.sampling, steps=4, frames_per_second=7)
        )
        kind: Literal["my_lab.backbone:OtherMochi"] = "my_lab.backbone:OtherMochi"  # type: ignore[assignment]

    def fingerprint(self, part: Part) -> str:
        return f"other-{super().fingerprint(part)}"
