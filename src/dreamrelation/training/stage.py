"""The train stage: cached latents and captions → adapters and `training.parquet`."""

from pathlib import Path

from dreamrelation import tables
from dreamrelation.adapters.storage import save_adapter
from dreamrelation.backbones.opening import open_denoiser
from dreamrelation.backbones.weights import text_fingerprint
from dreamrelation.captions.reading import EmbeddedCaptions
from dreamrelation.files import appearing
from dreamrelation.latents.reading import load_clips
from dreamrelation.latents.stage import latents_fingerprint
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.training.loop import Trainer
from dreamrelation.training.resume import discard, resume_folder


def run(
    settings: ExperimentSettings,
    relation: str,
    method_name: str,
    latents: Path,
    captions: Path,
    adapters: Path,
    training: Path,
    resume: Path,
    minutes: float | None,
) -> None:
    """Train one method on one relation, or go on where a killed run left off.

    Raises ValueError for a method that has no adapters.
    """
    method = settings.method(method_name)
    if not method.trains:
        raise ValueError(f"method {method_name!r} has an empty placement: there is nothing to train")
    fingerprint = tables.fingerprint(
        method=method.model_dump(mode="json"),
        model=settings.model.model_dump(mode="json"),
        seed=settings.seed,
        latents=tables.file_sha256(latents),
        captions=tables.file_sha256(captions),
    )
    with resume_folder(resume):
        trainer = Trainer(
            denoiser=open_denoiser(settings.model),
            data=load_clips(latents, latents_fingerprint(settings)),
            captions=EmbeddedCaptions(captions, text_fingerprint(settings.model)),
            method=method,
            seed=settings.seed,
            resume=resume,
            fingerprint=fingerprint,
            minutes=minutes,
        )
        rows = trainer.train()
        if not trainer.accelerator.is_main_process:
            return
        facts = {"relation": relation, "method": method_name, "rank": method.rank, "alpha": method.alpha}
        with appearing(adapters) as folder:
            folder.mkdir()
            for adapter in method.placement:
                save_adapter(trainer.denoiser.module, adapter, folder, facts)
        tables.write(training, tables.TRAINING, rows, fingerprint=fingerprint)
    discard(resume)
