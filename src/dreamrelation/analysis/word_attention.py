"""How strongly words of a prompt and visual tokens attend to each other, without ever making the whole matrix.

Where text and visual tokens stand in one sequence, these are the words' rows of the attention matrix, from each word
to all visual tokens. Where visual tokens attend to the text alone, they are its columns. Rows are few, and columns
are computed in chunks, so that there is no N × N matrix.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from dreamrelation.backbones.interface import Denoiser, TextEmbeddings, attention_modules

CHUNK = 1024
"""Visual tokens whose attention to the text is held at a time."""


@torch.no_grad()
def word_attention(denoiser: Denoiser, noisy: Tensor, sigma: float, texts: TextEmbeddings, places: list[int]) -> Tensor:
    """(f, h', w') float64, attention between words and each visual token, as its mean over words, heads and blocks.

    Of noisy latents (1, C, f, h, w) at a noise level and one text, whose words are its tokens `places`; h' × w' are the
    transformer's tokens. Raises RuntimeError where a block's attention was not seen, as with kernels of other packages.
    """
    spec = denoiser.spec
    frames, height, width = noisy.shape[2:]
    grid = (frames, height // spec.patch, width // spec.patch)
    count = grid[0] * grid[1] * grid[2]
    cross = spec.text_in_attention == "cross"
    seen = _Seen(lambda query, key, **given: _columns(query, key, places, **given)) if cross else _Seen(
        lambda query, key, **given: _rows(query, key, places, count, spec.text_in_attention == "after", **given)
    )  # fmt: skip
    with _watched(attention_modules(denoiser, "cross_query" if cross else "query"), seen), seen:
        denoiser.velocity(noisy, torch.full((1,), sigma), texts)
    if not seen.entered or len(seen.found) != seen.entered:
        raise RuntimeError(
            f"found the attention of {len(seen.found)} of {seen.entered} blocks, expected all of them by torch's"
            " scaled_dot_product_attention; is another kernel in use?"
        )
    return torch.stack(seen.found).mean(dim=0).view(grid).cpu()


@dataclass
class _Seen(TorchFunctionMode):
    """Answers torch's attention as ever, and within a watched module takes down what `measure` finds in it."""

    measure: Callable[..., Tensor]
    """From query (1, H, S, d) and key (1, H, T, d) to (N,)."""
    found: list[Tensor] = field(default_factory=list)
    entered: int = 0
    """Calls of watched modules."""
    within: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if self.within and func is functional.scaled_dot_product_attention:
            named = dict(zip(("query", "key", "value", "attn_mask"), args, strict=False)) | given
            self.found.append(self.measure(named["query"], named["key"], mask=named.get("attn_mask"),
                                           scale=named.get("scale")))  # fmt: skip
        return func(*args, **given)


@contextmanager
def _watched(modules: list[nn.Module], seen: _Seen) -> Iterator[None]:
    def enter(module: nn.Module, args: Any) -> None:
        seen.entered, seen.within = seen.entered + 1, True

    def leave(module: nn.Module, args: Any, result: Any) -> None:
        seen.within = False

    handles = [module.register_forward_pre_hook(enter) for module in modules]
    handles += [module.register_forward_hook(leave) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _rows(
    query: Tensor, key: Tensor, places: list[int], count: int, after: bool, mask: Tensor | None, scale: float | None
) -> Tensor:
    """(N,) mean probability that the words give to each visual token; text after or before them in the sequence."""
    text = key.shape[2] - count
    first = count if after else 0
    rows = torch.tensor([first + place for place in places], device=query.device)
    if max(places) >= text:
        raise RuntimeError(f"found {text} tokens of text in the attention, expected more than {max(places)}")
    weights = _weights(query[:, :, rows], key, scale, _rows_of(mask, rows))
    visual = weights[..., :count] if after else weights[..., text:]
    return visual.double().mean(dim=(0, 1, 2))


def _columns(query: Tensor, key: Tensor, places: list[int], mask: Tensor | None, scale: float | None) -> Tensor:
    """(N,) mean probability that each visual token gives to the words, in chunks of them."""
    columns = torch.tensor(places, device=query.device)
    parts = []
    for start in range(0, query.shape[2], CHUNK):
        rows = torch.arange(start, min(start + CHUNK, query.shape[2]), device=query.device)
        weights = _weights(query[:, :, rows], key, scale, _rows_of(mask, rows))
        parts.append(weights[..., columns].double().mean(dim=(0, 1, 3)))
    return torch.cat(parts)


def _weights(query: Tensor, key: Tensor, scale: float | None, mask: Tensor | None) -> Tensor:
    """(1, H, w, T) float32 probabilities of some rows."""
    logits = query.float() @ key.float().transpose(-1, -2) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        logits = logits.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else logits + mask
    return logits.softmax(dim=-1)


def _rows_of(mask: Tensor | None, rows: Tensor) -> Tensor | None:
    """The mask of some rows; one that is the same for all rows stays."""
    return mask if mask is None or mask.shape[-2] == 1 else mask[..., rows, :]
