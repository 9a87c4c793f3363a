"""Settings of I3D."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.features import FeatureSettings


class I3DSettings(FeatureSettings):
    """The I3D of FVD, trained on Kinetics-400: its 400 logits, from a TorchScript file on this machine."""

    implementation: ClassVar[str] = "dreamrelation.metrics.video_features.i3d.features:I3D"

    kind: Literal["i3d"] = "i3d"
    path: str = "weights/i3d_torchscript.pt"
    """The file. It is run as it is, so its SHA-256 must be known."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the file, as those tell it whom you have it from; another file is refused."""
    size: Annotated[int, Field(ge=16, le=1024)] = 224
    """Height and width to which frames are resized, whatever their shape, as FVD does it."""

    def files(self) -> list[str]:
        return [self.path]
