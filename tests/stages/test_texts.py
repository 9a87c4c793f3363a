"""The texts stage: every text once, and the one that guidance leads away from."""

from pathlib import Path

import pytest

from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.relations import RELATIONS
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.stages import TextsStage
from dreamrelation.stages import texts
from dreamrelation.tables.rows import SELECTION, TRAIN, SelectedClip
from dreamrelation.texts.cache import TextCache

MACHINE = MachineSettings(device="cpu")


def test_every_text_is_embedded_once(random_mochi: MochiSettings, tmp_path: Path) -> None:
    captions = ["A person is hugging a person.", "A dog is hugging a cat.", "A person is hugging a person."]
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
        for n, text in enumerate(captions)
    ]
    SELECTION.write(tmp_path / "selection", clips)
    settings = TextsStage(
        relations=(RELATIONS["hugging"], RELATIONS["kicking"]), subjects=(("dog", "cat"),), negative_prompt="blurred",
        model=random_mochi.only("text_encoder"),
    )  # fmt: skip
    texts.run(settings=settings, machine=MACHINE, selection=tmp_path / "selection", texts=tmp_path / "texts")
    mochi = Mochi(random_mochi, MACHINE)
    cache = TextCache(tmp_path / "texts", mochi.fingerprint("text_encoder"))
    assert list(cache.place) == [
        "", "A dog is hugging a cat.", "A dog is kicking a cat.", "A person is hugging a person.", "blurred",
    ]  # fmt: skip
    found = cache.look_up(["blurred", ""])
    assert found.attention_mask[0].any() and not found.attention_mask[1].any()
    expected = mochi.text_encoder().embed(["blurred"]).embedding[0]
    assert float((found.embedding[0] - expected).abs().max()) < 1e-2
    with pytest.raises(UserError, match=r"texts: holds no embedding of 'sharp'; run the texts stage again"):
        cache.look_up(["sharp"])
