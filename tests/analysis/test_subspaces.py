"""Similarity of subspaces: identities, known subspaces, the stated error, and the stage on a model."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from dreamrelation.analysis.matrices import AttentionMatrices
from dreamrelation.analysis.subspaces import exact, randomized, similarities
from dreamrelation.backbones.mochi.settings import MochiSettings
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.errors import UserError
from dreamrelation.settings.analysis import SubspaceSettings
from dreamrelation.settings.analysis_stages import SubspacesStage
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.settings.model import ModelSettings
from dreamrelation.stages import subspaces as stage

MACHINE = MachineSettings(device="cpu")


def rotation(n: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q


def with_spectrum(left: Tensor, values: Tensor, seed: int) -> Tensor:
    return left @ torch.diag(values) @ rotation(len(values), seed).T


def falling(n: int, rate: float) -> Tensor:
    return torch.tensor(rate, dtype=torch.float64) ** torch.arange(n)


@pytest.mark.parametrize("decompose", [exact, randomized])
def test_a_matrix_is_wholly_like_itself_and_like_what_differs_on_the_right_only(decompose) -> None:
    left = rotation(60, 0)
    one, other = (with_spectrum(left, falling(60, 0.8), seed) for seed in (1, 2))
    values, errors = similarities(decompose(one, 20), decompose(other, 20))
    np.testing.assert_allclose(values, 1, atol=1e-6 + errors.max())
    assert errors.max() < 1e-3


@pytest.mark.parametrize("decompose", [exact, randomized])
def test_known_angles_between_subspaces(decompose) -> None:
    """Two planes that share one direction, and whose second ones are 30° apart."""
    basis, angle = rotation(40, 3), np.pi / 6
    turned = basis.clone()
    turned[:, 1] = np.cos(angle) * basis[:, 1] + np.sin(angle) * basis[:, 30]
    turned[:, 30] = -np.sin(angle) * basis[:, 1] + np.cos(angle) * basis[:, 30]
    spectrum = torch.cat([torch.tensor([9.0, 5.0], dtype=torch.float64), 0.1 * falling(38, 0.9)])
    one, other = (with_spectrum(left, spectrum, seed) for left, seed in ((basis, 4), (turned, 5)))
    values, _ = similarities(decompose(one, 2), decompose(other, 2))
    np.testing.assert_allclose(values, [1, (1 + np.cos(angle) ** 2) / 2], atol=1e-6)


def test_exact_vectors_are_those_of_the_singular_value_decomposition() -> None:
    matrix = torch.randn(50, 70, generator=torch.Generator().manual_seed(0))
    found = exact(matrix, 12).vectors
    wanted = torch.linalg.svd(matrix.double()).U[:, :12]
    torch.testing.assert_close((found.T @ wanted).abs().diagonal(), torch.ones(12, dtype=torch.float64))


def test_random_subspaces_are_as_alike_as_chance() -> None:
    one, other = (torch.randn(200, 200, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    values, _ = similarities(exact(one, 100), exact(other, 100))
    assert values[-1] == pytest.approx(100 / 200, abs=0.03)


@pytest.mark.parametrize("rate", [0.7, 0.9, 0.97, 0.995, 1.0])
def test_the_randomized_way_is_as_far_off_as_it_says_at_most(rate: float) -> None:
    """From spectra that fall fast, where it is right and says so, to flat ones, where it says that it knows nothing."""
    for seed in range(3):
        one, other = (with_spectrum(rotation(300, 10 * seed + n), falling(300, rate), n) for n in (1, 2))
        right, none = similarities(exact(one, 32), exact(other, 32))
        found, errors = similarities(randomized(one, 32, seed), randomized(other, 32, seed))
        assert not none.any()
        assert (np.abs(found - right) <= errors + 1e-9).all(), (rate, seed)
        assert errors.max() < 0.02 if rate <= 0.9 else errors.max() <= 1
        if rate == 1.0:
            assert errors.max() == 1


def test_more_vectors_than_there_are_or_of_other_lengths_are_refused() -> None:
    for decompose in (exact, randomized):
        with pytest.raises(ValueError, match="expected 1 to 5"):
            decompose(torch.zeros(5, 9), 6)
    with pytest.raises(ValueError, match="expected the same"):
        similarities(exact(torch.eye(5), 2), exact(torch.eye(6), 2))


def settings(model: ModelSettings, **over: object) -> SubspacesStage:
    return SubspacesStage(model=model, subspaces=SubspaceSettings.model_validate({"ranks": 8, **over}))


def run(model: ModelSettings, folder: Path, **over: object) -> list[dict[str, str]]:
    stage.run(
        settings=settings(model, **over),
        machine=MACHINE,
        table=folder / "subspaces.csv",
        figure=folder / "subspaces.svg",
        unfinished=folder / "unfinished.jsonl",
    )
    with (folder / "subspaces.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_block_of_a_model_has_its_curves_and_their_mean(random_mochi: MochiSettings, tmp_path: Path) -> None:
    rows = run(random_mochi, tmp_path)
    weights = load_file(next((Path(random_mochi.path) / "transformer").glob("*.safetensors")))
    blocks = {row["block"] for row in rows} - {"mean"}
    assert blocks == {name.rpartition(".attn1")[0] for name in weights if name.endswith("attn1.to_q.weight")}
    first = "transformer_blocks.0"
    query, key = (exact(weights[f"{first}.attn1.to_{name}.weight"], 8) for name in "qk")
    wanted, _ = similarities(query, key)
    own = [row for row in rows if (row["block"], row["first"], row["second"]) == (first, "query", "key")]
    np.testing.assert_allclose([float(row["similarity"]) for row in own], wanted, atol=0.011)
    means = [row for row in rows if (row["block"], row["first"], row["rank"]) == ("mean", "query", "8")]
    each = [float(r["similarity"]) for r in rows if r["block"] in blocks and r["second"] == "key" and r["rank"] == "8"]
    assert float(means[0]["similarity"]) == pytest.approx(np.mean(each), abs=1e-5)
    figure = (tmp_path / "subspaces.svg").read_text(encoding="utf-8")
    assert "query–key" in figure and "random subspaces" in figure
    assert not (tmp_path / "unfinished.jsonl").exists()


def test_a_stopped_job_goes_on_with_the_next_block(
    random_mochi: MochiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(random_mochi, tmp_path / "whole")
    done: list[str] = []
    curves_of = stage.curves_of

    def stop_at_the_second(matrices, block, *rest):
        if done == ["transformer_blocks.0"]:
            raise KeyboardInterrupt
        done.append(block)
        return curves_of(matrices, block, *rest)

    monkeypatch.setattr(stage, "curves_of", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run(random_mochi, tmp_path)
    unfinished = tmp_path / "unfinished.jsonl"
    with unfinished.open("a", encoding="utf-8") as file:
        file.write('{"depends_on": "cut o')
    asked: list[str] = []
    monkeypatch.setattr(stage, "curves_of", lambda m, block, *rest: asked.append(block) or curves_of(m, block, *rest))
    assert run(random_mochi, tmp_path) == whole
    assert asked and "transformer_blocks.0" not in asked
    unfinished.write_text(json.dumps({"depends_on": "another", "curves": []}) + "\n", encoding="utf-8")
    assert run(random_mochi, tmp_path) == whole, "what depends on something else is not taken up"


def test_only_the_matrices_that_are_asked_for_are_read(tmp_path: Path) -> None:
    """Of a model in parts; the file of the second part is broken, which nobody notices who does not need it."""
    layers = [f"transformer_blocks.0.attn1.to_{name}.weight" for name in "qkv"]
    save_file({name: torch.eye(6) for name in layers}, tmp_path / "part-1.safetensors")
    (tmp_path / "part-2.safetensors").write_bytes(b"broken")
    places = dict.fromkeys(layers, "part-1.safetensors") | {"proj_out.weight": "part-2.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    matrices = AttentionMatrices(tmp_path, MOCHI)
    (block,) = matrices.blocks()
    assert torch.equal(matrices.read(block, "key"), torch.eye(6))


def test_what_is_no_transformer_of_its_kind_is_named(tmp_path: Path) -> None:
    save_file({"other.weight": torch.eye(3)}, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="found no attention of Mochi"):
        AttentionMatrices(tmp_path, MOCHI).blocks()
    (tmp_path / "a.safetensors").write_bytes(b"no")
    with pytest.raises(UserError, match=r"a.safetensors: cannot be read"):
        AttentionMatrices(tmp_path, MOCHI).blocks()


def test_of_small_matrices_all_vectors_are_taken(random_mochi: MochiSettings, tmp_path: Path) -> None:
    rows = run(random_mochi, tmp_path, ranks=4000)
    weights = load_file(next((Path(random_mochi.path) / "transformer").glob("*.safetensors")))
    assert max(int(row["rank"]) for row in rows) == min(weights["transformer_blocks.0.attn1.to_q.weight"].shape)
