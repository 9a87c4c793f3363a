"""Settings of the metrics that the puppet judge takes."""

import json
from pathlib import Path
from typing import ClassVar, Literal

from dreamrelation.errors import UserError
from dreamrelation.settings.features import FeatureSettings
from dreamrelation.settings.metrics import MetricSettings

WEIGHTS = "judge.safetensors"
FACTS = "judge.json"


JUDGE = "data/puppets/models/judge"


def _files(judge: str) -> list[str]:
    return [str(Path(judge) / name) for name in (FACTS, WEIGHTS)]


class PuppetJudgeSettings(MetricSettings):
    """A metric of the puppet judge."""

    judge: str = JUDGE
    """Folder with the judge's weights and facts."""

    def files(self) -> list[str]:
        return _files(self.judge)


class PuppetFeatureSettings(FeatureSettings):
    """The puppet judge's own features of a video's movement."""

    implementation: ClassVar[str] = "dreamrelation.metrics.puppet_judge.features:PuppetFeatures"

    kind: Literal["puppet_judge"] = "puppet_judge"
    judge: str = JUDGE
    """Folder with the judge's weights and facts."""

    def files(self) -> list[str]:
        return _files(self.judge)


class JudgedRelationSettings(PuppetJudgeSettings):
    """A metric for which the judge must know the relation."""

    def check_relation(self, relation: str) -> None:
        """Before anything is trained. A file that is not there is missed by the rule which needs it."""
        facts = Path(self.judge) / FACTS
        if not facts.is_file():
            return
        try:
            known = json.loads(facts.read_text(encoding="utf-8"))["architecture"]["motions"]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{facts}: not the description of a judge: {error!r}") from None
        if relation not in known:
            raise UserError(f"{facts}: the judge does not know the relation {relation!r}, it knows {', '.join(known)}")


class JointAccuracySettings(JudgedRelationSettings):
    """The relation is seen and both of the prompt's subjects are, in their places."""

    implementation: ClassVar[str] = "dreamrelation.metrics.puppet_judge.joint_accuracy:JointAccuracy"

    kind: Literal["puppet_joint_accuracy"] = "puppet_joint_accuracy"


class RelationAccuracySettings(JudgedRelationSettings):
    """The relation is what the judge finds likeliest."""

    implementation: ClassVar[str] = "dreamrelation.metrics.puppet_judge.relation_accuracy:RelationAccuracy"

    kind: Literal["puppet_relation_accuracy"] = "puppet_relation_accuracy"


class SubjectAccuracySettings(PuppetJudgeSettings):
    """Share of the prompt's two subjects that the judge finds."""

    implementation: ClassVar[str] = "dreamrelation.metrics.puppet_judge.subject_accuracy:SubjectAccuracy"

    kind: Literal["puppet_subject_accuracy"] = "puppet_subject_accuracy"


class AppearanceLeakageSettings(PuppetJudgeSettings):
    """Somebody is seen who is in the exemplars and not in the prompt."""

    implementation: ClassVar[str] = "dreamrelation.metrics.puppet_judge.appearance_leakage:AppearanceLeakage"

    kind: Literal["puppet_appearance_leakage"] = "puppet_appearance_leakage"
    exemplars: str = "person"
    """The kind of figure that the exemplars show."""


class TemporalConsistencySettings(PuppetJudgeSettings):
    """Similarity of neighbouring frames, as the judge's frame encoder sees them."""

    implementation: ClassVar[str] = "dreamrelation.metrics.puppet_judge.temporal_consistency:TemporalConsistency"

    kind: Literal["puppet_temporal_consistency"] = "puppet_temporal_consistency"
