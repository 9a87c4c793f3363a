"""The puppet_models stage: the two models that come with the repository, trained from nothing.

    python -m dreamrelation.stages.puppet_models --actor-head-of data/puppets/models/judge

does the judge's second training alone: minutes, where the first takes an hour.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.metrics.puppet_judge.network import new_actor_head, new_judge, with_actor_head
from dreamrelation.metrics.puppet_judge.storage import load_judge, save_judge
from dreamrelation.puppets.models.judge_clips import JUDGED_KINDS, JUDGED_MOTIONS
from dreamrelation.puppets.models.train_actor import ActorTraining, train_actor_head
from dreamrelation.puppets.models.train_judge import JudgeTraining, RoundTrip, train_judge
from dreamrelation.puppets.models.train_mochi import train_mochi
from dreamrelation.settings.machine import MachineSettings


def run(*, output: Path, work: Path) -> None:
    """Train the small Mochi into `output/mochi` and the judge into `output/judge`; takes hours on two cores.

    States of unfinished trainings go to `work`, from which a stopped run goes on.
    """
    train_mochi(output / "mochi", work)
    settings = JudgeTraining()
    judge = new_judge(JUDGED_MOTIONS, JUDGED_KINDS, settings.seed)
    report = train_judge(judge, settings, round_trip_of(output / "mochi"), _announce)
    save_judge(output / "judge", judge, report)
    teach_who_acts(judge=output / "judge")


def round_trip_of(mochi: Path) -> RoundTrip:
    """What a small Mochi's autoencoder makes of frames (F, H, W, 3) uint8."""
    autoencoder = Mochi(
        MochiSettings.model_validate({"path": str(mochi), "precision": "float32"}), MachineSettings(device="cpu")
    ).autoencoder()

    def round_trip(frames: np.ndarray) -> np.ndarray:
        posterior = autoencoder.encode(frames[None])
        return autoencoder.decode(autoencoder.normalise(posterior.mean))[0]

    return round_trip


def teach_who_acts(*, judge: Path) -> None:
    """Give the judge in this folder a newly trained head for who acts. All its other weights and facts stay.

    Raises UserError where the folder holds no judge.
    """
    settings = ActorTraining()
    network, facts = load_judge(judge)
    head = new_actor_head(network, settings.seed)
    facts["actor"] = train_actor_head(network.actor_features, head, settings, _announce)
    save_judge(judge, with_actor_head(network, head), facts)


def _announce(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the judge's head for who acts, and nothing else of it.")
    parser.add_argument("--actor-head-of", required=True, type=Path, metavar="JUDGE", help="folder of a trained judge")
    teach_who_acts(judge=parser.parse_args().actor_head_of)
