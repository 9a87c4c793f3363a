"""Videos of the page: those of the pipeline to the byte, with the model opened once, and an end within a step."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.play.fake import until
from tests.stages.trained_results import RELATION, STEPS, experiment_of, write_results

from dreamrelation.errors import UserError
from dreamrelation.play.desk import Desk
from dreamrelation.play.history import Entry, History
from dreamrelation.play.making import Cancelled, Pace, Watch
from dreamrelation.play.order import Order
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.registry import implementation_of
from dreamrelation.settings.stages import Chosen, GenerateStage, PromptsStage
from dreamrelation.stages import generate, prompts, video_maker
from dreamrelation.stages.play import for_play, offer_of
from dreamrelation.stages.video_maker import VideoMaker
from dreamrelation.stages.what_is_trained import Learned, methods_of
from dreamrelation.tables.rows import VIDEOS

TRAINED = ("dreamrelation", "reversion", "motion_inversion")
ALL = ("base", *TRAINED)


def maker_of(experiment: ExperimentSettings, results: Path) -> VideoMaker:
    methods = methods_of(experiment, RELATION, results, [Path("config.yaml")])
    learned = [method for method in methods if isinstance(method, Learned)]
    return VideoMaker(experiment, for_play(experiment.machine), learned, offer_of(experiment, RELATION, methods))


@pytest.fixture
def mochi(random_mochi: Any, tmp_path: Path) -> VideoMaker:
    """A maker of a random Mochi, with a method of every kind."""
    experiment = experiment_of(random_mochi)
    write_results(experiment, tmp_path / "results", TRAINED)
    return maker_of(experiment, tmp_path / "results")


def made(maker: VideoMaker, folder: Path, **over: Any) -> dict[str, str]:
    """Method → SHA-256 of its video."""
    folder.mkdir()
    order = Order(**{**vars(maker.offer.first), **over})
    return {video.method: video.sha256 for video in maker.make(order, folder, Watch(Pace())).videos}


def generated(experiment: ExperimentSettings, results: Path, method: str) -> tuple[str, int]:
    """SHA-256 and seed of the pipeline's own video."""
    folder = results / experiment.experiment / RELATION
    texts, own = folder / "prompts.parquet", folder / method
    if not texts.exists():
        prompts.run(settings=PromptsStage.of(experiment, Chosen(relation=RELATION)), machine=experiment.machine,
                    relation=RELATION, prompts=texts)  # fmt: skip
    trained = experiment.method(method).trains
    generate.run(
        settings=GenerateStage.of(experiment, Chosen(method, relation=RELATION)),
        machine=experiment.machine,
        relation=RELATION,
        method=method,
        prompts=texts,
        videos=own / "videos",
        manifest=own / "videos.parquet",
        unfinished=own / "unfinished_videos",
        adapters=own / "adapters" if trained else None,
        adapters_manifest=own / "adapters.json" if trained else None,
    )
    (row,) = VIDEOS.read(own / "videos.parquet")
    return row.sha256, row.seed


@pytest.mark.parametrize("backbone", ["random_mochi", "random_wan", "random_wan_2_2_a14b", "random_hunyuan_video"])
def test_they_are_the_pipelines_own_to_the_byte(backbone: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """In whatever order methods have the model, and when one has it again."""
    experiment = experiment_of(request.getfixturevalue(backbone))
    trained = TRAINED if backbone != "random_wan_2_2_a14b" else ("dreamrelation", "motion_inversion")
    write_results(experiment, tmp_path / "results", trained)
    maker = maker_of(experiment, tmp_path / "results")
    expected = {name: generated(experiment, tmp_path / "results", name) for name in ("base", *trained)}
    assert {seed for _, seed in expected.values()} == {maker.offer.first.seed}, "the form begins with this video"
    sha256 = {name: video for name, (video, _) in expected.items()}
    assert made(maker, tmp_path / "first") == sha256 and len(set(sha256.values())) == len(sha256)
    backwards = tuple(reversed(sha256))
    assert made(maker, tmp_path / "again", methods=(*backwards, *backwards)) == sha256


def test_each_part_is_opened_once(mochi: VideoMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, opens = implementation_of(mochi.experiment.model), []
    for part in ("denoiser", "autoencoder", "text_encoder"):
        own = getattr(kind, part)
        monkeypatch.setattr(kind, part, lambda self, own=own, part=part: opens.append(part) or own(self))
    fresh = VideoMaker(mochi.experiment, mochi.machine, list(mochi.methods.values()), mochi.offer)
    made(fresh, tmp_path / "first")
    made(fresh, tmp_path / "second", subjects=("frog", "fox"))
    assert sorted(opens) == ["autoencoder", "denoiser", "text_encoder"]


def test_strength_goes_from_the_base_model_to_what_was_trained(mochi: VideoMaker, tmp_path: Path) -> None:
    """And touches no method that has none."""
    strengths = {strength: made(mochi, tmp_path / str(strength), strength=strength) for strength in (0.0, 0.5, 1.0)}
    assert strengths[0.0]["dreamrelation"] == strengths[0.0]["base"]
    assert len({found["dreamrelation"] for found in strengths.values()}) == 3
    for name in ("base", "reversion", "motion_inversion"):
        assert len({found[name] for found in strengths.values()}) == 1
    assert mochi.methods["dreamrelation"].settings.inference_scale == 1.0  # type: ignore[attr-defined]


def test_strength_multiplies_what_the_experiment_sets(random_mochi: Any, tmp_path: Path) -> None:
    results = tmp_path / "results"
    experiment = experiment_of(random_mochi)
    write_results(experiment, results, ("dreamrelation",))
    half = experiment_of(random_mochi, methods={"dreamrelation": {"inference_scale": 0.5}})
    only = {"methods": ("dreamrelation",)}
    plain = made(maker_of(experiment, results), tmp_path / "plain", strength=0.5, **only)
    assert made(maker_of(half, results), tmp_path / "half", strength=1.0, **only) == plain


def test_subjects_place_seed_and_steps_are_those_of_the_order(mochi: VideoMaker, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    order = Order(("old robot", "cat"), "in a library", ("base", "reversion"), 5, 1.0, 4)
    watch = Watch(Pace())
    found = mochi.make(order, folder, watch)
    assert found.prompt == "An old robot is hugging a cat in a library."
    assert [video.text for video in found.videos] == [found.prompt, "An old robot <R> a cat in a library"]
    assert (watch.progress.done, watch.progress.total) == (2 * 4 + 2, 2 * 4 + 2)
    assert [name.partition(":")[0] for name in found.videos[1].adapters] == ["word"]
    others = {seed: made(mochi, tmp_path / str(seed), seed=seed, methods=("base",))["base"] for seed in (5, 6)}
    assert len({found.videos[0].sha256, *others.values()}) == 3


def test_steps_that_the_schedule_cannot_take_are_refused(mochi: VideoMaker) -> None:
    order = vars(mochi.offer.first)
    mochi.check(Order(**{**order, "steps": 4}))
    with pytest.raises(UserError, match="sampling_steps is 3, expected an even number"):
        mochi.check(Order(**{**order, "steps": 3}))


class CancelledAt(Watch):
    """Is cancelled when so many steps are done."""

    def __init__(self, steps: int) -> None:
        super().__init__(Pace())
        self.steps, self.asked = steps, 0

    def finish(self, work: Any, stage: str, detail: str = "") -> None:
        self.asked += 1
        self.cancelled = self.asked == self.steps
        super().finish(work, stage, detail)


@pytest.mark.parametrize("steps", [1, STEPS + 2, 2 * STEPS + 3])
def test_a_cancelled_request_ends_with_its_step_and_the_next_one_is_as_ever(
    mochi: VideoMaker, tmp_path: Path, steps: int
) -> None:
    """Also in the middle of a method: its adapters are out again."""
    expected = made(mochi, tmp_path / "before")
    (tmp_path / "cancelled").mkdir()
    watch = CancelledAt(steps)
    with pytest.raises(Cancelled):
        mochi.make(mochi.offer.first, tmp_path / "cancelled", watch)
    assert watch.asked == steps
    assert made(mochi, tmp_path / "after") == expected


def test_a_full_memory_is_told_and_the_next_request_is_made(
    mochi: VideoMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, generate_as_ever = made(mochi, tmp_path / "before"), video_maker.generate

    def full(*given: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    desk = Desk(mochi, History(tmp_path / "play"))
    monkeypatch.setattr(video_maker, "generate", full)
    desk.submit(mochi.offer.first)
    until(lambda: not desk.queue.requests)
    assert desk.queue.last is not None
    assert str(desk.queue.last.problem).startswith("the memory is full: CUDA out of memory. Tried to allocate 20 GiB")
    monkeypatch.setattr(video_maker, "generate", generate_as_ever)
    desk.submit(mochi.offer.first)
    until(lambda: not desk.queue.requests)
    (id,) = desk.history.ids()
    entry = desk.history.find(id)
    assert isinstance(entry, Entry)
    assert {video.method: video.sha256 for video in entry.made.videos} == expected
    desk.queue.close()


def test_adapters_of_another_model_are_named(random_mochi: Any, random_wan: Any, tmp_path: Path) -> None:
    """Of the same path, so that only the tensors tell."""
    write_results(experiment_of(random_wan), tmp_path / "results", ("dreamrelation",))
    (tmp_path / "results/puppets/hugging/dreamrelation/training.settings.yaml").unlink()
    maker = maker_of(experiment_of(random_mochi), tmp_path / "results")
    with pytest.raises(UserError, match=r"relation.safetensors: its tensors are not those of the method's settings"):
        made(maker, tmp_path / "videos")
    assert set(made(maker, tmp_path / "base", methods=("base",))) == {"base"}
