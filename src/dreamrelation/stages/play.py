"""`dreamrelation play`: a local page on which one asks for videos of a relation that was learned."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from dreamrelation.config import load
from dreamrelation.digests import DIGESTS
from dreamrelation.errors import UserError
from dreamrelation.own_cards import take_cards
from dreamrelation.play.app import play_app
from dreamrelation.play.desk import Desk
from dreamrelation.play.history import History
from dreamrelation.play.order import Offer, OfferedMethod, Order
from dreamrelation.sampling.prompts import requests
from dreamrelation.settings.experiment import ExperimentSettings
from dreamrelation.settings.machine import MachineSettings
from dreamrelation.stages.video_maker import STRENGTH, VideoMaker
from dreamrelation.stages.what_is_trained import Learned, Unlearned, methods_of
from dreamrelation.web.host_names import host_names, is_for_others
from dreamrelation.web.serving import serve

FOLDER = "play"


def run(*, relation: str, config: list[Path], results: Path, host: str, port: int, name: list[str]) -> None:
    """Serve the page until Ctrl-C.

    Raises UserError where the relation is not the experiment's, nothing is trained, what was trained does not fit, or
    the address cannot be listened on.
    """
    experiment = load(config)
    experiment.check_relation(relation)
    names = host_names(host, name, "--name")
    if is_for_others(host):
        print(f"Warning: whoever can reach {host} can use this machine by the page.", file=sys.stderr)
    own = results / experiment.experiment
    if not own.is_dir():
        raise UserError(f"{own}: no such folder, expected the results of the experiment; run snakemake first")
    methods = methods_of(experiment, relation, results, config)
    machine = for_play(experiment.machine)
    if machine.device != "cpu":
        take_cards()
    os.environ.setdefault(DIGESTS, str(own / "digests.json"))
    learned = [method for method in methods if isinstance(method, Learned)]
    maker = VideoMaker(experiment, machine, learned, offer_of(experiment, relation, methods))
    desk = Desk(maker, History(own / relation / FOLDER))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us may do it without Ctrl-C
    try:
        with suppress(KeyboardInterrupt):  # not raised where a shell began this in the background, with Ctrl-C ignored
            serve(play_app(desk, names), host, port, lambda address: announce(address, desk.history.folder))
        if desk.queue.requests:
            print("Stopping, after the step that is being made; Ctrl-C again stops at once.", flush=True)
    finally:
        desk.queue.close()
        signal.signal(signal.SIGTERM, before)


def announce(address: str, folder: Path) -> None:
    print(f"The page is at {address} (Ctrl-C stops it); what is made is kept in {folder}.", flush=True)


def for_play(machine: MachineSettings) -> MachineSettings:
    """The machine's settings but for those of several processes, and for compiling: compiled blocks do not notice
    that a method was exchanged for another one."""
    return machine.model_copy(update={"compile_blocks": False, "shard_weights": False, "split_videos": False})


def offer_of(experiment: ExperimentSettings, relation: str, methods: list[Learned | Unlearned]) -> Offer:
    """What the page offers. The first order is the pipeline's own first video, of all methods that can make it."""
    told = experiment.relation(relation)
    prompts = experiment.generation.prompts_of(relation)
    first = requests(prompts[:1], 1, told, experiment.seed)[0]
    usable = tuple(method.name for method in methods if isinstance(method, Learned))
    steps = experiment.generation.resolved(experiment.model.spec).sampling_steps
    return Offer(
        experiment=experiment.experiment,
        relation=relation,
        sentence=f"Somebody {told.predicate.format(other='somebody')}",
        model=f"{experiment.model.spec.title}, {experiment.model.path}",
        methods=tuple(map(_offered, methods)),
        subjects=tuple(dict.fromkeys(subject for prompt in prompts for subject in prompt.subjects)),
        steps=steps,
        first=Order(first.prompt.subjects, first.prompt.place, usable, first.seed, 1.0, steps),
    )


def _offered(method: Learned | Unlearned) -> OfferedMethod:
    is_missing = isinstance(method, Unlearned)
    return OfferedMethod(
        name=method.name,
        label=method.label,
        learns=method.settings.trains,
        has_strength=hasattr(method.settings, STRENGTH),
        missing=method.reason if is_missing else None,
        command=method.command if is_missing else None,
    )
