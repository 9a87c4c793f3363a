"""The train stage: cached latents and captions → what one method learns of one relation, and `training.parquet`."""

from pathlib import Path

from dreamrelation.backbones.context_parallelism import check_tokens
from dreamrelation.code_digest import stage_digest
from dreamrelation.errors import UserError
from dreamrelation.files import appearing, check_own_folder, file_sha256, fingerprint
from dreamrelation.latents.cache import CachedClips, NoClipsError, latents_fingerprint, load_clips
from dreamrelation.methods.files import write_manifest
from dreamrelation.methods.interface import OpenModel, TrainedMethod
from dreamrelation.processes import is_main_process, process_count
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.methods import TrainedMethodSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import TrainStage
from dreamrelation.stages.time_limit import check_minutes
from dreamrelation.tables.rows import HELD_OUT, TRAINING
from dreamrelation.texts.cache import TextCache
from dreamrelation.training.loop import Saving, Trainer
from dreamrelation.training.resume import discard, resume_folder
from dreamrelation.training.snapshots import Snapshots
from dreamrelation.training.step import TrainingSetup
from dreamrelation.training.validation import Validation


def run(
    *,
    settings: TrainStage,
    machine: MachineSettings,
    relation: str,
    method: str,
    latents: Path,
    captions: Path,
    adapters: Path,
    manifest: Path,
    training: Path,
    resume: Path,
    minutes: float | None = None,
    board: Path | None = None,
) -> None:
    """Train one method on one relation, or go on where a killed run left off.

    `adapters` is the folder of what was learned, `manifest` lists its files with their SHA-256, `board` is a folder for
    TensorBoard. Folders `step_N` in it hold the snapshots, each with its own list. Raises UserError for a method that
    trains nothing, Unfinished past `minutes`, with the state saved in the folder `resume`.
    """
    if not isinstance(settings.method, TrainedMethodSettings):
        raise UserError(f"method {method!r} is of the kind {settings.method.kind!r}: there is nothing to train")
    check_minutes(minutes)
    check_own_folder(adapters, ("*.safetensors", "*.json", "step_*"))
    with resume_folder(resume, alone=is_main_process()):
        backbone = implementation_of(settings.model)(settings.model, machine)
        made_with = latents_fingerprint(settings.latents, backbone.fingerprint("autoencoder"))
        data = load_clips(latents, made_with, exemplars=settings.method.exemplars)
        text_encoder = backbone.fingerprint("text_encoder")
        model = OpenModel(backbone, TextCache(captions, text_encoder))
        learner: TrainedMethod = implementation_of(settings.method)(settings.method)
        learner.attach(model, data.grid, settings.seed)
        depends_on = fingerprint(
            code=stage_digest("train", settings),
            settings=settings.model_dump(mode="json"),
            denoiser=model.denoiser.fingerprint,
            text_encoder=text_encoder,
            latents=file_sha256(latents),
            captions=file_sha256(captions),
        )
        together = machine.split_videos and process_count() > 1
        if together:
            check_tokens(settings.model.spec, data.grid)
        normalise = settings.method.normalise_latents == "per_channel"
        setup = TrainingSetup(model.denoiser, data, learner, normalise, settings.method.noise_shift, together)
        facts = {"relation": relation, "method": method}
        snapshots = Snapshots(resume, depends_on, settings.method.snapshots, lambda folder: learner.save(folder, facts))
        saving = Saving(resume, depends_on, machine.checkpoint_every, snapshots, minutes)
        validation = None
        if settings.method.validate_every is not None:
            held_out = held_out_clips(latents, made_with)
            validation = Validation.of(setup, held_out, settings.method.validate_every, settings.seed)
        what = f"training {method} on {relation}"
        rows = Trainer(setup, settings.method, settings.seed, saving, what, validation, board).train()
        if not is_main_process():
            return
        with appearing(adapters) as folder:
            folder.mkdir()
            learner.save(folder, facts)
            snapshots.deliver(folder)
        write_manifest(manifest, adapters)
        TRAINING.write(training, rows, {"fingerprint": depends_on})
        snapshots.discard()
        discard(resume)


def held_out_clips(latents: Path, made_with: str) -> CachedClips:
    """The clips from which nothing is learnt. Raises UserError where there are none."""
    try:
        return load_clips(latents, made_with, split=HELD_OUT)
    except NoClipsError as error:
        raise UserError(f"validate_every needs clips.held_out above 0: {error}") from None
