"""The paper's own numbers, arXiv 2503.07602, table by table, and what its methods are called here.

An experiment's method or metric of the same name is put beside them. `configs/all_methods.yaml` and
`configs/ablations.yaml` have the methods.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """A metric as the paper has it."""

    label: str
    better: Literal["higher", "lower"]
    unit: str = ""


COLUMNS = {
    "relation_accuracy": Column("Relation accuracy", "higher", "%"),
    "clip_t": Column("CLIP-T", "higher"),
    "temporal_consistency": Column("Temporal consistency", "higher"),
    "fvd": Column("FVD", "lower"),
}
"""Metric → what the paper calls it, in its order."""


def _row(
    relation_accuracy: float,
    clip_t: float | None = None,
    temporal_consistency: float | None = None,
    fvd: float | None = None,
) -> dict[str, float]:
    numbers = zip(COLUMNS, (relation_accuracy, clip_t, temporal_consistency, fvd), strict=True)
    return {name: number for name, number in numbers if number is not None}


PAPER = {
    "base": _row(0.2623, 0.3237, 0.9888, 2047.37),
    "direct_lora": _row(0.3258, 0.2966, 0.9945, 2229.08),
    "reversion": _row(0.2690, 0.3013, 0.9921, 2682.69),
    "motion_inversion": _row(0.3151, 0.3217, 0.9855, 2084.51),
    "motion_inversion_contrastive": _row(0.3633, 0.3181, 0.9862, 2063.30),
    "dreamrelation": _row(0.4452, 0.3248, 0.9954, 2079.87),
    "without_masks": _row(0.3574, 0.3244, 0.9938, 2248.52),
    "without_contrastive": _row(0.3416, 0.3185, 0.9953, 2136.95),
    "without_relation": _row(0.3626, 0.3035, 0.9950, 2318.49),
    "without_subjects": _row(0.3769, 0.3147, 0.9949, 2408.59),
    "without_ffn": _row(0.4021, 0.3241, 0.9914, 2369.98),
    "relation_in_value": _row(0.3444, 0.3225, 0.9953, 2233.48),
    "relation_in_query": _row(0.3921, 0.3301, 0.9951, 2284.65),
    "relation_in_key_value": _row(0.3937, 0.3196, 0.9954, 2180.27),
    "contrastive_weight_0_1": _row(0.3964, fvd=2088.71),
    "contrastive_weight_1": _row(0.2998, fvd=1971.29),
    "mask_weight_1": _row(0.3469, 0.2826, fvd=2294.98),
    "mask_weight_25": _row(0.3899, 0.3185, fvd=2117.49),
    "mask_weight_100": _row(0.4018, 0.3246, fvd=2050.10),
    "contrast_1_to_10": _row(0.3151),
    "contrast_1_to_30": _row(0.2817),
    "contrast_1_to_60": _row(0.3338),
    "contrast_2_to_10": _row(0.3321),
    "contrast_2_to_30": _row(0.4378),
    "contrast_4_to_60": _row(0.3793),
}
"""Method → metric → the paper's number, where it gives one."""

OURS = "dreamrelation"
"""The paper's own method, which stands last in each of its tables."""


@dataclass(frozen=True)
class Table:
    """A table of the paper."""

    title: str
    methods: tuple[str, ...]
    """Its rows."""


TABLES = {
    1: Table(
        "The methods",
        ("base", "direct_lora", "reversion", "motion_inversion", "motion_inversion_contrastive", OURS),
    ),
    2: Table(
        "What each part of DreamRelation is good for",
        (
            *("without_masks", "without_contrastive", "without_relation", "without_subjects", "without_ffn"),
            OURS,
        ),
    ),
    3: Table(
        "Where the relation's adapters sit", ("relation_in_value", "relation_in_query", "relation_in_key_value", OURS)
    ),
    5: Table("Weight of the contrastive loss", ("contrastive_weight_0_1", "contrastive_weight_1", OURS)),
    6: Table("Weight of the masks", ("mask_weight_1", "mask_weight_25", "mask_weight_100", OURS)),
    7: Table(
        "Positives and negatives of the contrastive loss",
        (
            *("contrast_1_to_10", "contrast_1_to_30", "contrast_1_to_60"),
            *("contrast_2_to_10", "contrast_2_to_30", "contrast_4_to_60"),
            OURS,
        ),
    ),
}
"""Number → table. Table 4 is the user study's. The paper's own settings, λ₁ = 0.01, λ_m = 50 and 4 positives to 10
negatives, are OURS."""


METHOD_LABELS = {
    "base": "Base model",
    "direct_lora": "Direct LoRA",
    "dreamrelation": "DreamRelation",
    "reversion": "ReVersion",
    "reversion_contrastive": "ReVersion + RCL",
    "motion_inversion": "MotionInversion",
    "motion_inversion_contrastive": "MotionInversion + RCL",
    "without_masks": "Without hybrid masks",
    "without_contrastive": "Without RCL",
    "without_relation": "Without relation LoRA",
    "without_subjects": "Without subject LoRAs",
    "without_ffn": "Without feed-forward LoRA",
    "relation_in_key_value": "Relation in key and value",
    "contrastive_weight_0_1": "λ₁ = 0.1",
    "contrastive_weight_1": "λ₁ = 1",
    **{f"mask_weight_{weight}": f"λ_m = {weight}" for weight in (1, 25, 100)},
    **{
        f"contrast_{positives}_to_{negatives}": f"{positives} to {negatives}"
        for positives, negatives in ((1, 10), (1, 30), (1, 60), (2, 10), (2, 30), (4, 60))
    },
}


def method_label(name: str) -> str:
    """A method's name as tables and pages write it."""
    return METHOD_LABELS.get(name, name.replace("_", " ").capitalize())
