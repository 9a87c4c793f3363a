"""Attention between words and visual tokens: against whole matrices, on planted patterns, and where words are."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from tests.tiny_models import Kind
from torch import Tensor, nn
from torch.nn import functional

from dreamrelation.analysis import word_attention as module
from dreamrelation.analysis.word_attention import word_attention
from dreamrelation.backbones.interface import Denoiser, TextEmbeddings
from dreamrelation.backbones.mochi.spec import MOCHI
from dreamrelation.backbones.wan.spec import WAN
from dreamrelation.errors import UserError

TEXT, WORDS = "A dog is shaking hands with a cat.", "is shaking hands with"
GRID = (3, 4, 6)
"""f, h', w' of the tokens."""


def whole_matrices(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Filled with the (H, S, T) probabilities of every attention that a forward pass computes."""
    found: list[Tensor] = []

    def attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **_: object) -> Tensor:
        logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if attn_mask is not None:
            boolean = attn_mask.dtype == torch.bool
            logits = logits.masked_fill(~attn_mask, -torch.inf) if boolean else logits + attn_mask
        weights = logits.softmax(dim=-1)
        found.append(weights[0].double())
        return weights @ value

    monkeypatch.setattr(functional, "scaled_dot_product_attention", attention)
    return found


def test_it_is_the_mean_of_what_whole_matrices_have_for_the_words(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 7)  # none of the numbers of tokens is a multiple
    denoiser, encoder = kind.backbone.denoiser(), kind.backbone.text_encoder()
    texts, places = encoder.embed([TEXT]), encoder.places(TEXT, WORDS)
    patch = kind.spec.patch
    noisy = kind.noise(denoiser.channels, 1, (GRID[0], GRID[1] * patch, GRID[2] * patch))
    answers, velocity = [], denoiser.velocity
    monkeypatch.setattr(denoiser, "velocity", lambda *given: answers.append(velocity(*given)) or answers[-1])
    found = word_attention(denoiser, noisy, 0.5, texts, places)
    with torch.no_grad():
        denoiser.velocity(noisy, torch.tensor([0.5]), texts)
    assert torch.equal(*answers), "looking changes nothing"
    matrices = whole_matrices(monkeypatch)
    with torch.no_grad():
        denoiser.velocity(noisy, torch.tensor([0.5]), texts)
    count = GRID[0] * GRID[1] * GRID[2]
    maps = []
    for matrix in matrices:
        rows, columns = matrix.shape[1:]
        if kind.spec.text_in_attention == "cross":
            if rows == count != columns:
                maps.append(matrix[:, :, places].mean(dim=(0, 2)))
        elif rows > count:
            text = rows - count
            if kind.spec.text_in_attention == "before":
                maps.append(matrix[:, places, text:].mean(dim=(0, 1)))
            else:
                maps.append(matrix[:, [count + p for p in places], :count].mean(dim=(0, 1)))
    assert len(maps) == len(module.attention_modules(denoiser, "query")) // len(getattr(denoiser, "experts", "1"))
    torch.testing.assert_close(found.flatten(), torch.stack(maps).mean(dim=0), rtol=1e-4, atol=1e-7)
    assert found.shape == GRID and float(found.std()) > 0


def test_words_are_found_by_the_tokenizer(kind: Kind) -> None:
    encoder: Any = kind.backbone.text_encoder()
    places = encoder.places(TEXT, WORDS)
    tokens = encoder.tokenize([TEXT])
    ids = tokens.ids[tokens.attention_mask][encoder.skipped :]
    assert encoder.tokenizer.decode(ids[places]).strip() == WORDS
    assert places == list(range(places[0], places[-1] + 1))
    (dog,) = {encoder.tokenizer.decode(ids[encoder.places(TEXT, "dog")]).strip()}
    assert dog == "dog"
    for text, words in ((TEXT, "hugging"), (TEXT, ""), ("cat " * 300 + TEXT, WORDS)):
        with pytest.raises(UserError, match="found no|is beyond the"):
            encoder.places(text, words)


class Planted(nn.Module):
    """One block of joint attention in which each word looks at its own tokens, or of attention to the text in which
    tokens look at their own word."""

    def __init__(self, owner: Tensor, words: int, cross: bool) -> None:
        super().__init__()
        self.owner, self.words, self.cross = owner, words, cross
        block = nn.Module()
        block.attn1, block.attn2 = Attention(), Attention()
        self.add_module("blocks" if cross else "transformer_blocks", nn.ModuleList([block]))
        object.__setattr__(self, "block", block)  # reached without a second name for it among the modules

    def forward(self) -> None:
        visual = 100 * functional.one_hot(self.owner, self.words).double()
        text = 100 * torch.eye(self.words, dtype=torch.float64)
        block: Any = self.block
        if self.cross:
            block.attn1(visual, visual)
            block.attn2(visual, text)
        else:
            both = torch.cat([visual, text])
            both[len(visual) :] -= 1  # words prefer visual tokens to each other
            block.attn1(both, torch.cat([visual, torch.zeros_like(text)]))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.to_q = nn.Linear(1, 1)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return functional.scaled_dot_product_attention(query[None, None], key[None, None], key[None, None])


@pytest.mark.parametrize("spec", [MOCHI, WAN], ids=["one sequence", "attention to the text"])
def test_a_planted_pattern_is_found(spec: Any) -> None:
    owner = torch.randint(0, 3, (3 * 4 * 6,), generator=torch.Generator().manual_seed(0))
    planted = Planted(owner, 3, spec.text_in_attention == "cross")
    denoiser = SimpleNamespace(spec=spec, module=planted, velocity=lambda *_: planted())
    texts = TextEmbeddings(torch.zeros(1, 3, 3), torch.ones(1, 3, dtype=torch.bool))
    found = word_attention(cast(Denoiser, denoiser), torch.zeros(1, 1, 3, 8, 12), 0.5, texts, [1])
    own = (owner == 1).double().view(GRID)
    expected = own if spec.text_in_attention == "cross" else own / own.sum()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_attention_that_cannot_be_seen_is_said() -> None:
    planted = Planted(torch.zeros(72, dtype=torch.long), 3, cross=False)
    block: Any = planted.block
    denoiser = SimpleNamespace(spec=MOCHI, module=planted, velocity=lambda *_: planted())
    block.attn1.forward = lambda query, key: query
    texts = TextEmbeddings(torch.zeros(1, 3, 3), torch.ones(1, 3, dtype=torch.bool))
    with pytest.raises(RuntimeError, match="found the attention of 0 of 1 blocks"):
        word_attention(cast(Denoiser, denoiser), torch.zeros(1, 1, 3, 8, 12), 0.5, texts, [1])
