"""Videos that several processes go through together, each with its share of the tokens (context parallelism, Ulysses).

diffusers does it: each process has some of the tokens, and in attention all tokens of some of the heads. It takes
gradients the same way back, so that those which a process finds are of its own tokens.
"""

from typing import Any

import torch
from accelerate import PartialState
from diffusers import ContextParallelConfig
from torch import Tensor, nn

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.errors import UserError
from dreamrelation.processes import for_mean_of_gradients, process_count


def split_tokens(transformer: Any, spec: BackboneSpec, on_cpu: bool) -> None:
    """Let all processes of this job go through a transformer of diffusers together, with the same latents and texts.

    Raises UserError for a model whose tokens cannot be divided, or whose heads cannot by this number of processes.
    """
    count, heads = process_count(), int(transformer.config.num_attention_heads)
    if not spec.splits_tokens:
        raise UserError(f"machine.split_videos: {spec.title} cannot be divided among processes; set it to false")
    if heads % count:
        raise UserError(
            f"machine.split_videos: found {heads} heads of attention and {count} processes, expected a number of"
            " processes that divides them"
        )
    PartialState(cpu=on_cpu)  # lets the processes know of each other, unless they do
    transformer.enable_parallelism(config=ContextParallelConfig(ulysses_degree=count))
    transformer.register_forward_hook(_answered_together)


def check_tokens(spec: BackboneSpec, grid: tuple[int, int, int]) -> None:
    """Raise UserError where all processes of this job cannot have equally many of the tokens of latents (f, h, w)."""
    frames, height, width = grid
    tokens, count = frames * (height // spec.patch) * (width // spec.patch), process_count()
    if tokens % count:
        raise UserError(
            f"machine.split_videos: found {tokens} tokens of a video and {count} processes, expected a number of"
            " processes that divides them"
        )


def _answered_together(transformer: nn.Module, args: Any, answer: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The whole answer, which every process has, with the gradients of what each of them did for it."""
    if not torch.is_grad_enabled():
        return answer
    return tuple(for_mean_of_gradients(part, process_count()) for part in answer)
