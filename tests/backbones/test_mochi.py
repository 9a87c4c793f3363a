"""Mochi behind the interface, and what is said where weights cannot be used; `test_parity.py` has the rest."""

import shutil
from pathlib import Path

import pytest
import torch

from dreamrelation.backbones.interface import projection_modules
from dreamrelation.backbones.mochi.backbone import Mochi
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.errors import UserError
from dreamrelation.settings.machine import MachineSettings


def opened(settings: MochiSettings, device: str = "cpu") -> Mochi:
    return Mochi(settings, MachineSettings.model_validate({"device": device}))


def test_normalised_latents_are_centred_and_scaled_per_channel(random_mochi: MochiSettings) -> None:
    denoiser = opened(random_mochi).denoiser()
    latents = torch.randn(2, 12, 4, 2, 3, dtype=torch.float64)
    k = 5
    torch.testing.assert_close(denoiser.normalise(latents)[:, k], (latents[:, k] - 0.5) / 1.5, rtol=0, atol=1e-6)


def test_the_empty_text_counts_no_token(random_mochi: MochiSettings) -> None:
    assert not opened(random_mochi).text_encoder().embed([""]).attention_mask.any()


def test_a_placeholder_is_one_token_between_those_of_its_neighbours(random_mochi: MochiSettings) -> None:
    encoder = opened(random_mochi).text_encoder()
    tokens = encoder.tokenize(["A dog <R> a cat", "A dog", "<R> and <R>"], "<R>")
    assert tokens.placeholder.nonzero().tolist() == [[0, 2], [2, 0], [2, 2]]
    left, right = encoder.word_ids("A dog"), encoder.word_ids("a cat")
    assert tokens.ids[0, :2].tolist() == left and tokens.ids[0, 3:5].tolist() == right
    plain = encoder.tokenize(["A dog"])
    assert torch.equal(tokens.ids[1], plain.ids[0]) and torch.equal(tokens.attention_mask[1], plain.attention_mask[0])
    assert tokens.attention_mask.sum(dim=1).tolist() == [6, 3, 4]
    with pytest.raises(UserError, match="<R> is token 41, expected it among the first 31"):
        encoder.tokenize(["cat " * 40 + "<R>"], "<R>")


def test_adapted_modules_are_those_of_every_block_and_both_branches(random_mochi: MochiSettings) -> None:
    denoiser = opened(random_mochi).denoiser()
    block = "transformer_blocks.{}.attn1.{}"
    assert set(projection_modules(denoiser, ("query", "key"))) == {
        block.format(n, layer) for n in (0, 1) for layer in ("to_q", "to_k", "add_q_proj", "add_k_proj")
    }
    assert set(projection_modules(denoiser, ("value",))) == {
        block.format(n, layer) for n in (0, 1) for layer in ("to_v", "add_v_proj")
    }
    # the last block has no output layer for text
    assert set(projection_modules(denoiser, ("output",))) == {
        block.format(0, "to_out.0"), block.format(1, "to_out.0"), block.format(0, "to_add_out"),
    }  # fmt: skip


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model.path .*: found no model_index.json"):
        opened(MochiSettings(path=str(tmp_path))).denoiser()


@pytest.mark.parametrize(
    ("part", "file"),
    [
        ("denoiser", "transformer/diffusion_pytorch_model.safetensors"),
        ("autoencoder", "vae/diffusion_pytorch_model.safetensors"),
        ("text_encoder", "text_encoder/model.safetensors"),
    ],
)
def test_broken_weights_name_the_setting_and_the_part(
    random_mochi: MochiSettings, tmp_path: Path, part: str, file: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(random_mochi.path, folder)
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: len(whole) // 2])
    broken = opened(random_mochi.model_copy(update={"path": str(folder)}))
    with pytest.raises(UserError, match=rf"model.path '.*broken': the {part} cannot be loaded"):
        getattr(broken, part)()


def test_weights_of_another_shape_are_refused(random_mochi: MochiSettings, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(random_mochi.path, folder)
    config = folder / "transformer" / "config.json"
    config.write_text(config.read_text().replace('"num_layers": 2', '"num_layers": 3'))
    with pytest.raises(UserError, match=r"denoiser.*missing_keys"):
        opened(random_mochi.model_copy(update={"path": str(folder)})).denoiser()


def test_asking_for_cuda_where_there_is_none_is_refused(
    random_mochi: MochiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="machine.device is cuda"):
        opened(random_mochi, "cuda").denoiser()


def test_fingerprints_follow_the_weights_of_their_part_alone(random_mochi: MochiSettings, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(random_mochi.path, folder)
    copy = opened(random_mochi.model_copy(update={"path": str(folder)}))
    parts = ("autoencoder", "text_encoder", "denoiser")
    before = {part: copy.fingerprint(part) for part in parts}
    assert before == {part: opened(random_mochi).fingerprint(part) for part in parts}
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"0")
    changed = [part for part in parts if copy.fingerprint(part) != before[part]]
    assert changed == ["denoiser"]


def test_a_part_that_the_settings_leave_out_cannot_be_opened(random_mochi: MochiSettings) -> None:
    only = random_mochi.only("text_encoder")
    Mochi(only, MachineSettings(device="cpu")).text_encoder()
    with pytest.raises(ValueError, match="without its denoiser"):
        Mochi(only, MachineSettings(device="cpu")).denoiser()


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_tokenizer_without_its_files_is_refused(random_mochi: MochiSettings, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(random_mochi.path, folder)
    (folder / "tokenizer" / name).unlink()
    with pytest.raises(UserError, match="found no whole tokenizer"):
        opened(random_mochi.model_copy(update={"path": str(folder)})).text_encoder()
