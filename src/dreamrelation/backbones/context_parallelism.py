"""One video that several processes make together, each with its share of the tokens (context parallelism, Ulysses).

diffusers does it: each process has some of the tokens, and in attention all tokens of some of the heads.
"""

from typing import Any

from accelerate import PartialState
from diffusers import ContextParallelConfig

from dreamrelation.backbone_spec import BackboneSpec
from dreamrelation.errors import UserError
from dreamrelation.processes import process_count


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
