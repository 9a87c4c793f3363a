"""The generate stage: adapters that are what was trained, and a manifest of all that made each video."""

from pathlib import Path

import pytest
import torch

from dreamrelation import config
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import Unfinished, UserError
from dreamrelation.files import file_sha256, held
from dreamrelation.methods.files import write_manifest
from dreamrelation.methods.interface import OpenModel
from dreamrelation.methods.lora.method import Lora
from dreamrelation.methods.lora.settings import LoraSettings
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.overlay import overlay
from dreamrelation.settings.stages import Chosen, GenerateStage, PromptsStage, TrainStage
from dreamrelation.stages import generate
from dreamrelation.stages.prompts import needed_texts
from dreamrelation.tables.rows import VIDEOS
from dreamrelation.texts.cache import TextCache, write_texts
from dreamrelation.video import decode

ROOT = Path(__file__).parents[2]
MACHINE = MachineSettings(device="cpu", generation_batch=2)
GRID = (2, 4, 6)


@pytest.fixture
def experiment(random_mochi: MochiSettings) -> ExperimentSettings:
    small = {
        "model": random_mochi.model_dump(),
        "clips": {"height": 32, "width": 48, "pixel_frames": [7]},
        "methods": {"dreamrelation": {"rank": 4, "alpha": 4}},
        "generation": {"subjects": [["dog", "cat"], ["frog", "fox"]], "videos_per_prompt": 1, "sampling_steps": 2,
                       "pixel_frames": 7},
    }  # fmt: skip
    return config.from_mapping(overlay(config.load([ROOT / "config.yaml"]).model_dump(), small), "test")


@pytest.fixture
def texts(experiment: ExperimentSettings, tmp_path: Path) -> Path:
    path = tmp_path / "texts.parquet"
    mochi = Mochi(experiment.model, MACHINE)
    needed = needed_texts(PromptsStage.of(experiment, Chosen(relation="hugging")))
    write_texts(path, needed, mochi.text_encoder(), mochi.fingerprint("text_encoder"))
    return path


@pytest.fixture
def adapters(experiment: ExperimentSettings, texts: Path, tmp_path: Path) -> Path:
    """A folder of adapters that change something, with its manifest beside it."""
    mochi = Mochi(experiment.model, MACHINE)
    settings = experiment.method("dreamrelation")
    assert isinstance(settings, LoraSettings)
    lora = Lora(settings)
    lora.attach(OpenModel(mochi, TextCache(texts, mochi.fingerprint("text_encoder"))), GRID, 1)
    for parameter in lora.parameters().values():
        parameter.data = torch.full_like(parameter.data, 0.05)
    folder = tmp_path / "adapters"
    folder.mkdir()
    lora.save(folder, {})
    write_manifest(tmp_path / "adapters.json", folder)
    return folder


def run(
    experiment: ExperimentSettings,
    texts: Path,
    method: str,
    adapters: Path | None = None,
    minutes: float | None = None,
    machine: MachineSettings = MACHINE,
) -> Path:
    manifest = texts.with_name(f"{method}.parquet")
    generate.run(
        settings=GenerateStage.of(experiment, Chosen(method, relation="hugging")),
        machine=machine,
        minutes=minutes,
        relation="hugging",
        method=method,
        prompts=texts,
        videos=texts.with_name(method),
        manifest=manifest,
        unfinished=texts.with_name("unfinished"),
        adapters=adapters,
        adapters_manifest=None if adapters is None else adapters.with_name("adapters.json"),
    )
    return manifest


def test_videos_and_a_manifest_of_all_that_made_them(
    experiment: ExperimentSettings, texts: Path, adapters: Path
) -> None:
    manifest = run(experiment, texts, "dreamrelation", adapters)
    rows = VIDEOS.read(manifest)
    assert [row.video for row in rows] == ["dog_cat_0", "frog_fox_0"]
    for row in rows:
        path = manifest.parent / row.file
        assert len(list(decode(path))) == 7
        assert file_sha256(path) == row.sha256
        assert row.prompt == row.text
        digests = {name: file_sha256(adapters / f"{name}.safetensors") for name in ("relation", "ffn")}
        assert row.adapters == tuple(f"{name}:{digest}" for name, digest in digests.items())
        assert (row.sampling_steps, row.guidance_scale, row.frames_per_second) == (2, 3.0, 10)
    base = VIDEOS.read(run(experiment, texts, "base"))
    assert [row.seed for row in base] == [row.seed for row in rows]
    assert base[0].sha256 != rows[0].sha256 and base[0].adapters == ()


def test_only_relation_and_ffn_are_loaded(experiment: ExperimentSettings, texts: Path, adapters: Path) -> None:
    mochi = Mochi(experiment.model, MACHINE)
    settings = experiment.method("dreamrelation")
    assert isinstance(settings, LoraSettings)
    model = OpenModel(mochi, TextCache(texts, mochi.fingerprint("text_encoder")))
    read = Lora(settings).load(model, GRID, adapters)
    assert [path.name for path in read] == ["relation.safetensors", "ffn.safetensors"]
    names = {name for name, _ in model.denoiser.module.named_parameters() if "lora_" in name}
    assert names and all(".relation." in name or ".ffn." in name for name in names)
    assert not any(parameter.requires_grad for parameter in model.denoiser.module.parameters())


def test_the_scale_of_the_adapters_goes_from_the_base_model_to_what_was_trained(
    experiment: ExperimentSettings, texts: Path, adapters: Path
) -> None:
    def videos(scale: float) -> list[str]:
        method = experiment.method("dreamrelation").model_copy(update={"inference_scale": scale})
        scaled = experiment.model_copy(update={"methods": {**experiment.methods, "dreamrelation": method}})
        assert TrainStage.of(scaled, chosen) == TrainStage.of(experiment, chosen), "it retrains nothing"
        return [row.sha256 for row in VIDEOS.read(run(scaled, texts, "dreamrelation", adapters))]

    chosen = Chosen("dreamrelation", relation="hugging")
    base = [row.sha256 for row in VIDEOS.read(run(experiment, texts, "base"))]
    assert videos(0.0) == base
    trained, half = videos(1.0), videos(0.5)
    assert len({base[0], trained[0], half[0]}) == 3


def test_adapters_that_do_not_fit_the_method_are_refused(
    experiment: ExperimentSettings, texts: Path, adapters: Path
) -> None:
    with pytest.raises(UserError, match="'dreamrelation' is trained, expected --adapters"):
        run(experiment, texts, "dreamrelation")
    with pytest.raises(UserError, match="'base', which trains nothing"):
        run(experiment, texts, "base", adapters)


@pytest.mark.parametrize("harm", ["cut", "exchanged", "missing", "manifest", "empty", "list"])
def test_adapters_that_are_not_what_was_trained_are_named(
    experiment: ExperimentSettings, texts: Path, adapters: Path, harm: str
) -> None:
    file, manifest = adapters / "relation.safetensors", adapters.with_name("adapters.json")
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif harm == "exchanged":
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(bytes(content))
    elif harm == "missing":
        file.unlink()
    else:
        manifest.write_text({"manifest": "{}}", "empty": "{}", "list": "[]"}[harm])
    named = str(file if harm in ("cut", "exchanged", "missing") else manifest)
    with pytest.raises(UserError) as error:
        run(experiment, texts, "dreamrelation", adapters)
    assert named in str(error.value) and "run the training again" in str(error.value)
    assert not texts.with_name("dreamrelation.parquet").exists()


def test_a_prompt_that_was_not_embedded_is_named(experiment: ExperimentSettings, texts: Path) -> None:
    generation = experiment.generation.model_copy(update={"subjects": (("owl", "ape"),)})
    with pytest.raises(UserError, match="An owl is hugging an ape"):
        run(experiment.model_copy(update={"generation": generation}), texts, "base")
    assert not texts.with_name("base.parquet").exists()


ONE_BY_ONE = MACHINE.model_copy(update={"generation_batch": 1})


def count_sampling(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many videos each pass of the sampler makes, from now on."""
    found: list[int] = []
    sample = generate.sample
    monkeypatch.setattr(generate, "sample", lambda *given: found.append(len(given[1])) or sample(*given))
    return found


def test_a_stopped_job_goes_on_with_what_is_missing(
    experiment: ExperimentSettings, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = VIDEOS.read(run(experiment, texts, "base", machine=ONE_BY_ONE))
    texts.with_name("base.parquet").unlink()
    made = count_sampling(monkeypatch)
    with pytest.raises(Unfinished, match="1 of 2 videos, which are kept"):
        run(experiment, texts, "base", minutes=1e-9, machine=ONE_BY_ONE)
    (kept,) = texts.with_name("unfinished").iterdir()
    assert sorted(path.name for path in kept.iterdir()) == ["dog_cat_0.json", "dog_cat_0.mp4", "lock"]
    assert not texts.with_name("base.parquet").exists() and made == [1]
    assert VIDEOS.read(run(experiment, texts, "base", machine=ONE_BY_ONE)) == whole
    assert made == [1, 1]
    assert not texts.with_name("unfinished").exists()


def test_processes_share_the_videos_and_make_the_same_ones(
    experiment: ExperimentSettings, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = VIDEOS.read(run(experiment, texts, "base", machine=ONE_BY_ONE))
    texts.with_name("base.parquet").unlink()
    made = count_sampling(monkeypatch)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    run(experiment, texts, "base", machine=ONE_BY_ONE)
    (kept,) = texts.with_name("unfinished").iterdir()
    assert sorted(path.name for path in kept.iterdir()) == ["frog_fox_0.json", "frog_fox_0.mp4"]
    assert not texts.with_name("base.parquet").exists() and made == [1]
    monkeypatch.setenv("RANK", "0")
    assert VIDEOS.read(run(experiment, texts, "base", machine=ONE_BY_ONE)) == whole
    assert made == [1, 1] and not texts.with_name("unfinished").exists()


def test_of_processes_that_make_each_video_together_the_first_writes_it(
    experiment: ExperimentSettings, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = VIDEOS.read(run(experiment, texts, "base", machine=ONE_BY_ONE))
    texts.with_name("base.parquet").unlink()
    made, waited = count_sampling(monkeypatch), []
    monkeypatch.setattr("dreamrelation.backbones.transformer.split_tokens", lambda *_: None)
    monkeypatch.setattr("dreamrelation.stages.generate.wait_for_all", lambda: waited.append(True))
    together = ONE_BY_ONE.model_copy(update={"split_videos": True})
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    run(experiment, texts, "base", machine=together)
    (kept,) = texts.with_name("unfinished").iterdir()
    assert not list(kept.iterdir()) and made == [1, 1], "it goes through the model for both, and keeps none"
    monkeypatch.setenv("RANK", "0")
    assert VIDEOS.read(run(experiment, texts, "base", machine=together)) == whole
    assert made == [1, 1, 1, 1] and waited == [True, True]


@pytest.mark.parametrize("harm", ["video", "missing", "settings"])
def test_a_kept_video_that_is_another_one_is_made_again(
    experiment: ExperimentSettings, texts: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    with pytest.raises(Unfinished):
        run(experiment, texts, "base", minutes=1e-9, machine=ONE_BY_ONE)
    (kept,) = texts.with_name("unfinished").glob("*/dog_cat_0.mp4")
    if harm == "video":
        kept.write_bytes(kept.read_bytes()[:-1])
    elif harm == "missing":
        kept.unlink()
    else:
        generation = experiment.generation.model_copy(update={"guidance_scale": 2.0})
        experiment = experiment.model_copy(update={"generation": generation})
    made = count_sampling(monkeypatch)
    rows = VIDEOS.read(run(experiment, texts, "base", machine=ONE_BY_ONE))
    assert made == [1, 1]
    assert all(file_sha256(texts.parent / row.file) == row.sha256 for row in rows)
    assert kept.exists() == (harm == "settings"), "what was made of other settings is not ours to remove"


def test_two_jobs_cannot_share_a_folder(experiment: ExperimentSettings, texts: Path) -> None:
    with pytest.raises(Unfinished):
        run(experiment, texts, "base", minutes=1e-9, machine=ONE_BY_ONE)
    (folder,) = texts.with_name("unfinished").iterdir()
    with held(folder, "generation"), pytest.raises(UserError, match="another generation is using this resume folder"):
        run(experiment, texts, "base")


@pytest.mark.parametrize("minutes", [0, -1, float("nan")])
def test_a_time_that_is_none_is_refused(experiment: ExperimentSettings, texts: Path, minutes: float) -> None:
    with pytest.raises(UserError, match="--minutes is"):
        run(experiment, texts, "base", minutes=minutes)
