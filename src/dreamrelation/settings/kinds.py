"""Every kind that comes with the package: the name in the configuration → where its settings are.

One line each; the settings name the class. Only what a configuration selects is ever imported, and this file is no
part of what reruns a stage: a new line costs nobody a training.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from dreamrelation.settings.features import FeatureSettings
from dreamrelation.settings.judges import JudgeSettings
from dreamrelation.settings.methods import MethodSettings
from dreamrelation.settings.metrics import MetricSettings
from dreamrelation.settings.model import ModelSettings
from dreamrelation.settings.registry import Registry
from dreamrelation.settings.segmenters import DetectorSettings, SegmenterSettings

METHODS = Registry(
    "method",
    MethodSettings,
    {
        "none": "dreamrelation.methods.none.settings:NoneSettings",
        "lora": "dreamrelation.methods.lora.settings:LoraSettings",
        "textual_inversion": "dreamrelation.methods.textual_inversion.settings:TextualInversionSettings",
        "motion_embedding": "dreamrelation.methods.motion_embedding.settings:MotionEmbeddingSettings",
    },
)
BACKBONES = Registry(
    "backbone",
    ModelSettings,
    {
        "mochi": "dreamrelation.backbones.mochi.settings:MochiSettings",
        "cogvideox": "dreamrelation.backbones.cogvideox.settings:CogVideoXSettings",
        "cogvideox_2b": "dreamrelation.backbones.cogvideox.settings:CogVideoX2BSettings",
        "hunyuan_video": "dreamrelation.backbones.hunyuan_video.settings:HunyuanVideoSettings",
        "ltx2": "dreamrelation.backbones.ltx2.settings:Ltx2Settings",
        "wan": "dreamrelation.backbones.wan.settings:WanSettings",
        "wan_2_2_5b": "dreamrelation.backbones.wan.settings:Wan22Of5BSettings",
        "wan_2_2_a14b": "dreamrelation.backbones.wan.settings:Wan22OfA14BSettings",
    },
)
METRICS = Registry(
    "metric",
    MetricSettings,
    {
        "puppet_joint_accuracy": "dreamrelation.metrics.puppet_judge.settings:JointAccuracySettings",
        "puppet_relation_accuracy": "dreamrelation.metrics.puppet_judge.settings:RelationAccuracySettings",
        "puppet_subject_accuracy": "dreamrelation.metrics.puppet_judge.settings:SubjectAccuracySettings",
        "puppet_appearance_leakage": "dreamrelation.metrics.puppet_judge.settings:AppearanceLeakageSettings",
        "puppet_temporal_consistency": "dreamrelation.metrics.puppet_judge.settings:TemporalConsistencySettings",
        "clothes_leakage": "dreamrelation.metrics.exemplar_colours.settings:ClothesLeakageSettings",
        "room_leakage": "dreamrelation.metrics.exemplar_colours.settings:RoomLeakageSettings",
        "clip_t": "dreamrelation.metrics.clip.settings:ClipTextSettings",
        "clip_temporal_consistency": "dreamrelation.metrics.clip.settings:TemporalConsistencySettings",
        "background_consistency": "dreamrelation.metrics.clip.settings:BackgroundConsistencySettings",
        "subject_consistency": "dreamrelation.metrics.dino.settings:SubjectConsistencySettings",
        "flicker": "dreamrelation.metrics.flicker.settings:FlickerSettings",
        "motion": "dreamrelation.metrics.motion.settings:MotionSettings",
        "motion_similarity": "dreamrelation.metrics.motion.settings:MotionSimilaritySettings",
        "dynamic_degree": "dreamrelation.metrics.motion.settings:DynamicDegreeSettings",
        "frechet_video_distance": "dreamrelation.metrics.set_distances.settings:FrechetSettings",
        "kernel_video_distance": "dreamrelation.metrics.set_distances.settings:KernelDistanceSettings",
        "vlm_relation_accuracy": "dreamrelation.metrics.vision_language.settings:VisionLanguageAccuracySettings",
        "vlm_relation_grade": "dreamrelation.metrics.vision_language.settings:VisionLanguageGradeSettings",
    },
)
JUDGES = Registry(
    "judge",
    JudgeSettings,
    {
        "openai_endpoint": "dreamrelation.metrics.judges.openai_endpoint.settings:OpenAIEndpointSettings",
        "qwen_vl": "dreamrelation.metrics.judges.qwen_vl.settings:QwenVLSettings",
    },
)
FEATURES = Registry(
    "features",
    FeatureSettings,
    {
        "i3d": "dreamrelation.metrics.video_features.i3d.settings:I3DSettings",
        "videomae": "dreamrelation.metrics.video_features.videomae.settings:VideoMAESettings",
        "vjepa2": "dreamrelation.metrics.video_features.vjepa2.settings:VJEPA2Settings",
        "puppet_judge": "dreamrelation.metrics.puppet_judge.settings:PuppetFeatureSettings",
    },
)
SEGMENTERS = Registry(
    "segmenter",
    SegmenterSettings,
    {
        "skeleton_grabcut": "dreamrelation.segmentation.skeleton_grabcut.settings:SkeletonGrabCutSettings",
        "grounded_sam": "dreamrelation.segmentation.grounded_sam.settings:GroundedSamSettings",
        "sam2": "dreamrelation.segmentation.sam2.settings:Sam2Settings",
        "sam3": "dreamrelation.segmentation.sam3.settings:Sam3Settings",
        "imported": "dreamrelation.segmentation.imported.settings:ImportedSettings",
    },
)
DETECTORS = Registry(
    "detector",
    DetectorSettings,
    {
        "grounding_dino": "dreamrelation.segmentation.detectors.settings:GroundingDinoSettings",
    },
)


def _field(registry: Registry) -> Any:
    return BeforeValidator(registry.read, json_schema_input_type=dict[str, Any])


Method = Annotated[SerializeAsAny[MethodSettings], _field(METHODS)]
Model = Annotated[SerializeAsAny[ModelSettings], _field(BACKBONES)]
Metric = Annotated[SerializeAsAny[MetricSettings], _field(METRICS)]
Judge = Annotated[SerializeAsAny[JudgeSettings], _field(JUDGES)]
Features = Annotated[SerializeAsAny[FeatureSettings], _field(FEATURES)]
Segmenter = Annotated[SerializeAsAny[SegmenterSettings], _field(SEGMENTERS)]
Detector = Annotated[SerializeAsAny[DetectorSettings], _field(DETECTORS)]
