"""The paper's own numbers, arXiv 2503.07602, tables 1 to 3, and what the methods are called.

An experiment's method or metric of the same name is put beside them.
"""

from dreamrelation.report.scores import Metric

COLUMNS = {
    "relation_accuracy": Metric("Relation accuracy", unit="%", better="higher"),
    "clip_t": Metric("CLIP-T", better="higher"),
    "temporal_consistency": Metric("Temporal consistency", better="higher"),
    "fvd": Metric("FVD, lower is better", better="lower"),
}
"""The paper's metrics, in its order."""


def _row(relation_accuracy: float, clip_t: float, temporal_consistency: float, fvd: float) -> dict[str, float]:
    return dict(zip(COLUMNS, (relation_accuracy, clip_t, temporal_consistency, fvd), strict=True))


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
}
"""Method → the paper's row; only the methods of the experiment are shown."""

METHOD_LABELS = {
    "base": "Base model",
    "direct_lora": "Direct LoRA",
    "dreamrelation": "DreamRelation",
    "reversion": "ReVersion",
    "motion_inversion": "MotionInversion",
    "motion_inversion_contrastive": "MotionInversion + RCL",
}


def method_label(name: str) -> str:
    """A method's name as the page writes it."""
    return METHOD_LABELS.get(name, name.replace("_", " ").capitalize())
