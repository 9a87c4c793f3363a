"""Settings of the metrics that look for the exemplars' colours. The defaults are those of the puppets' exemplars."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from dreamrelation.settings.metrics import MetricSettings

Byte = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Byte, Byte, Byte]
"""RGB."""


class ClothesLeakageSettings(MetricSettings):
    """Clothes are seen that only the exemplars' persons wear."""

    implementation: ClassVar[str] = "dreamrelation.metrics.exemplar_colours.clothes:ClothesLeakage"

    kind: Literal["clothes_leakage"] = "clothes_leakage"
    clothes: tuple[Colour, ...] = ((206, 48, 140), (24, 168, 180))
    """Colours of the exemplars' clothes."""
    tolerance: Annotated[float, Field(gt=0, le=100)] = 16.0
    """A pixel is of such a colour within this distance in a* and b* of CIELAB; its lightness does not count."""
    least_share: Annotated[float, Field(gt=0, lt=1)] = 0.004
    """Share of such pixels from which on somebody wears the clothes. A shirt covers about 0.02."""


class RoomLeakageSettings(MetricSettings):
    """The background is a room of the exemplars."""

    implementation: ClassVar[str] = "dreamrelation.metrics.exemplar_colours.room:RoomLeakage"

    kind: Literal["room_leakage"] = "room_leakage"
    rooms: tuple[Colour, ...] = ((113, 135, 197), (223, 165, 96))
    """Colours of the exemplars' walls."""
    other_rooms: tuple[Colour, ...] = (
        (205, 196, 176),
        (166, 189, 198),
        (180, 195, 165),
        (207, 179, 169),
        (178, 172, 196),
    )
    """Colours of the walls that the base model draws by itself."""
    top_share: Annotated[float, Field(gt=0, le=1)] = 0.12
    """How much of the height, from the top, is looked at: there the wall is."""
