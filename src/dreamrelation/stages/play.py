"""`dreamrelation play`: a local page on which one asks for videos of a relation that was learned."""

import os
import signal
import sys
from ipaddress import ip_address
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
from dreamrelation.web.application import LOCAL_NAMES
from dreamrelation.web.serving import serve

FOLDER = "play"


def run(*, relation: str, config: list[Path], results: Path, host: str, port: int, name: list[str]) -> None:
    """Serve the page until Ctrl-C.

    Raises UserError where the relation is not the experiment's, nothing is trained, what was trained does not fit, or
    the address cannot be listened on.
    """
    experiment = load(config)
    experiment.check_relation(relation)
    names = host_names(host, name)
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
        serve(play_app(desk, names), host, port, lambda address: announce(address, desk.history.folder))
    except KeyboardInterrupt:
        if desk.queue.requests:
            print("Stopping, after the step that is being made; Ctrl-C again stops at once.", flush=True)
    finally:
        desk.queue.close()
        signal.signal(signal.SIGTERM, before)


def announce(address: str, folder: Path) -> None:
    print(f"The page is at {address} (Ctrl-C stops it); what is made is kept in {folder}.", flush=True)


def host_names(host: str, more: list[str]) -> tuple[str, ...]:
    """The names that the page answers to: those of this machine's loopback, the host that is listened on, and `more`.

    Raises UserError where the host is every address of the machine, and no name is told. Warns of a host that others
    can reach.
    """
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    is_local = host == "localhost" if address is None else address.is_loopback
    if not is_local:
        print(f"Warning: whoever can reach {host} can use this machine by the page.", file=sys.stderr)
    if address is not None and address.is_unspecified:
        if not more:
            raise UserError(f"--host {host} is every address of this machine: say by --name how it is called")
        return (*LOCAL_NAMES, *more)
    own = f"[{host}]" if address is not None and address.version == 6 else host.lower()
    return (*LOCAL_NAMES, own, *more)


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
