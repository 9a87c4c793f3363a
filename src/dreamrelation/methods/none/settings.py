"""Settings of the base model as it is: there are none."""

from typing import ClassVar, Literal

from dreamrelation.settings.methods import MethodSettings


class NoneSettings(MethodSettings):
    """The base model as it is; nothing is trained."""

    implementation: ClassVar[str] = "dreamrelation.methods.none.method:NoMethod"

    kind: Literal["none"] = "none"
