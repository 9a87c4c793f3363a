"""Graphics cards of one's own: jobs that run side by side on a machine take different ones.

A job that has a card holds a name in Linux's abstract socket namespace, which nobody else can take and which ends with
the process, however it ends; no file is written. Nothing heavy is imported: cards must be chosen before CUDA starts.
"""

import os
import re
import shutil
import socket
import subprocess
import sys

from dreamrelation.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"
_held: list[socket.socket] = []
"""Names that this process holds until it ends."""


def take_cards(count: int = 1) -> list[str]:
    """Take free cards and let CUDA see no other; returns them, none where there is no choice.

    There is no choice on a machine without cards or with a single one, and for a process that another one has started
    for a part of the work. A single card is shared where all are taken; raises UserError where fewer than `count` of
    several are free.
    """
    cards = cards_here()
    if not cards or "RANK" in os.environ or sys.platform != "linux" or len(cards) == count == 1:
        return []
    taken: list[tuple[str, socket.socket]] = []
    for card in cards:
        name = None if len(taken) == count else _name_of(card)
        if name is not None:
            taken.append((card, name))
    if len(taken) < count:
        for _, name in taken:
            name.close()
        if count == 1:
            print(f"all {len(cards)} cards are taken by other jobs; sharing one", file=sys.stderr)
            return []
        raise UserError(f"found {len(taken)} of {len(cards)} cards free, expected {count}")
    _held.extend(name for _, name in taken)
    os.environ[VISIBLE] = ",".join(card for card, _ in taken)
    return [card for card, _ in taken]


def cards_here() -> list[str]:
    """The cards that this process may use, those of CUDA_VISIBLE_DEVICES or all, by their UUIDs.

    A number would not do: in a job of a cluster every card's number counts from the job's own first one.
    """
    listed = _listed()
    allowed = os.environ.get(VISIBLE)
    if allowed is None:
        return listed
    numbers = {str(number): card for number, card in enumerate(listed)}
    return [numbers.get(card, card) for card in map(str.strip, allowed.split(",")) if card]


def _listed() -> list[str]:
    """UUIDs of all cards that the driver shows to this process, none without a driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False).stdout
    found = re.findall(r"UUID: ((?:GPU|MIG)-[0-9a-zA-Z/-]+)", listed)
    # of a card that is divided its parts are listed below it, and CUDA takes those
    return [card for card in found if card.startswith("MIG")] or found


def _name_of(card: str) -> socket.socket | None:
    """The name of a card, held from now on; None where somebody has it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0dreamrelation card {card}")
    except OSError:
        name.close()
        return None
    return name
