"""Captions and prompts: every text once, and the one that guidance leads away from."""

from pathlib import Path

import pytest

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.prompts import Prompt
from dreamrelation.settings.stages import CaptionsStage, PromptsStage
from dreamrelation.stages import captions, prompts
from dreamrelation.tables.rows import SELECTION, TRAIN, SelectedClip
from dreamrelation.texts.cache import TextCache

MACHINE = MachineSettings(device="cpu")


def test_every_caption_is_embedded_once(random_mochi: MochiSettings, tmp_path: Path) -> None:
    texts = ["A person is hugging a person.", "A dog is hugging a cat.", "A person is hugging a person."]
    clips = [
        SelectedClip(
            str(n),
            "hugging",
            text,
            "v",
            "s",
            tuple(range(7)),
            0.0,
            10.0,
            10.0,
            7,
            1,
            1,
            0,
            0,
            1,
            1,
            0,
            "left",
            "",
            TRAIN,
        )
        for n, text in enumerate(texts)
    ]
    SELECTION.write(tmp_path / "selection", clips)
    settings = CaptionsStage(model=random_mochi.only("text_encoder"))
    captions.run(settings=settings, machine=MACHINE, selection=tmp_path / "selection", captions=tmp_path / "captions")
    cache = TextCache(tmp_path / "captions", Mochi(random_mochi, MACHINE).fingerprint("text_encoder"))
    assert list(cache.place) == ["", "A dog is hugging a cat.", "A person is hugging a person."]


def test_prompts_and_what_guidance_leads_away_from(random_mochi: MochiSettings, tmp_path: Path) -> None:
    wanted = (Prompt(subjects=("dog", "cat")), Prompt(subjects=("owl", "ape"), place="in a library"))
    settings = PromptsStage(
        relation=RELATIONS["kicking"], prompts=wanted, negative_prompt="blurred",
        model=random_mochi.only("text_encoder"),
    )  # fmt: skip
    prompts.run(settings=settings, machine=MACHINE, relation="kicking", prompts=tmp_path / "prompts")
    mochi = Mochi(random_mochi, MACHINE)
    cache = TextCache(tmp_path / "prompts", mochi.fingerprint("text_encoder"))
    assert list(cache.place) == ["", "A dog is kicking a cat.", "An owl is kicking an ape in a library.", "blurred"]
    found = cache.look_up(["blurred", ""])
    assert found.attention_mask[0].any() and not found.attention_mask[1].any()
    expected = mochi.text_encoder().embed(["blurred"]).embedding[0]
    assert float((found.embedding[0] - expected).abs().max()) < 1e-2
    with pytest.raises(UserError, match=r"prompts: holds no embedding of 'sharp'; run its stage again"):
        cache.look_up(["sharp"])
