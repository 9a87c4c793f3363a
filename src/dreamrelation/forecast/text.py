"""A forecast as people read it."""

from dreamrelation.forecast.modes import RESERVED
from dreamrelation.forecast.work import Forecast, Trial, Work, taken

GIB = 2**30


def told(forecast: Forecast) -> str:
    """The forecast as text."""
    card = forecast.card
    lines = [
        f"{card.name}: {card.memory:g} GiB, {card.rate:.3g} · 10¹² operations a second ({card.source}),",
        f"of which {100 * forecast.share:.0f} % are taken to be reached; benchmarks/card.py measures it.",
        "",
        f"{'stage':<9} {'method':<28} {'pieces':>14} {'10¹² op. each':>13} {'s each':>8} {'GiB':>6} {'GPU-h':>8}",
    ]
    for work in forecast.works:
        lines.append(
            f"{work.stage:<9} {work.method:<28} {_pieces(work.pieces, work.piece):>14} {work.flops / 1e12:>13.4g}"
            f" {work.seconds:>8.3g} {work.memory / GIB:>6.1f} {work.hours:>8.3g}  {_verdict(work)}"
        )
    lines += [f"{'sum':<9} {'':<28} {'':>14} {'':>13} {'':>8} {'':>6} {forecast.hours:>8.3g}", ""]
    for name, trials in forecast.trials.items():
        lines += [_heading(name, trials[0].cards), *map(_trial, _shown(trials)), _advice(trials), ""]
    lines += ["Disk, GiB:", *(f"  {name}: {size / GIB:.3g}" for name, size in forecast.disk.items()), ""]
    lines += [f"Not counted, {name}: {reason}" for name, reason in forecast.not_counted.items()]
    lines += [
        "Counted are products of matrices, convolutions and attention, and the tensors that live at a time. Not counted"
        " are the stages",
        "clips, masks, captions, prompts and evaluate, reading and writing, and what kernels use inside;"
        f" {100 * RESERVED:.0f} % of the card are left for that.",
    ]
    return "\n".join(line.rstrip() for line in lines)


def _verdict(work: Work) -> str:
    together = f"on {work.cards} cards" if work.cards > 1 else ""
    way = f"with {work.way}" if work.way and work.stage != "train" else ""
    return " ".join(filter(None, (together, way if work.fits else "does not fit")))


def _pieces(count: int, piece: str) -> str:
    return f"{count:,} {piece}{'' if count == 1 else 's'}"


def _shown(trials: list[Trial]) -> list[Trial]:
    """Those up to the first that fits."""
    way = taken(trials)
    return trials if way is None else trials[: trials.index(way) + 1]


def _heading(method: str, cards: int) -> str:
    if cards == 1:
        return f"Ways to train {method} (seconds a step, GiB):"
    return f"Ways to train {method} by {cards} processes, each on a card of its own (seconds a step, GiB of each card):"


def _trial(trial: Trial) -> str:
    verdict = "fits" if trial.fits else "does not fit"
    return f"  {trial.mode.settings:<80} {trial.seconds:>8.3g} {trial.memory / GIB:>7.1f}  {verdict}"


def _advice(trials: list[Trial]) -> str:
    way = taken(trials)
    if way is None:
        return "  None fits: fewer or smaller frames, or a larger card."
    return f"  Take {way.mode.settings}"
