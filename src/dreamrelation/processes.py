"""Several processes that work on one job together, such as a training, each on its share of every batch."""

import os

import torch
import torch.distributed as dist
from torch import Tensor


def process_count() -> int:
    """Number of processes; `accelerate launch` and torchrun tell it in WORLD_SIZE."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def process_number() -> int:
    """Which of them this one is, from 0; told in RANK."""
    return int(os.environ.get("RANK", "0"))


def is_main_process() -> bool:
    """Whether this process writes the outputs."""
    return process_number() == 0


def wait_for_all() -> None:
    """Go on when all processes, which know of each other, have come as far."""
    if process_count() > 1:
        dist.barrier()


def gathered(own: Tensor, processes: int) -> Tensor:
    """(B, …) of each process → (processes · B, …) of all, in their order; what this process gave keeps its gradient.

    `processes`: how many have clips of their own; 1 where all look at the same ones.
    """
    if processes == 1:
        return own
    parts = [torch.empty_like(own) for _ in range(processes)]
    dist.all_gather(parts, own.detach().contiguous())
    parts[dist.get_rank()] = own
    return torch.cat(parts)


def for_mean_of_gradients(shared: Tensor, processes: int) -> Tensor:
    """The same numbers, for what all processes have, each with the gradient of its own part of it.

    Such is a loss of all clips, or the answer to tokens that are divided. Gradients are averaged over the processes; a
    sum is meant here, so they are multiplied by their number before.
    """
    return shared + (processes - 1) * (shared - shared.detach())


def own_part(of_all: Tensor) -> Tensor:
    """Of (N, …) rows that the processes divide evenly, in their order, those of this process."""
    return of_all.chunk(process_count())[process_number()]


def average_gradients(gradients: list[Tensor]) -> None:
    """Replace gradients by their means over all processes, in one exchange."""
    if process_count() == 1 or not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= process_count()
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def highest_of_processes(values: list[int], device: torch.device) -> list[int]:
    """Elementwise highest of what each process says."""
    if process_count() == 1:
        return values
    told = torch.tensor(values, device=device)
    dist.all_reduce(told, dist.ReduceOp.MAX)
    return told.tolist()


def mean_over_processes(values: Tensor) -> Tensor:
    """Elementwise mean of a tensor over all processes."""
    if process_count() > 1:
        dist.all_reduce(values)
        values = values / process_count()
    return values
