"""What each stage is called with on the command line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One stage: its flags are the keyword arguments of `run` in the stage's module."""

    about: str
    names: tuple[str, ...] = ()
    """Flags that take a name: relation, method, metric; or the number of a table."""
    inputs: tuple[str, ...] = ()
    """Flags that take the path of what another stage wrote."""
    lists: tuple[str, ...] = ()
    """Flags that take any number of such paths."""
    outputs: tuple[str, ...] = ()
    """Flags that take the path of what the stage writes."""
    kept: tuple[str, ...] = ()
    """Flags that take the path of what stays between runs, such as the states of an unfinished one."""
    optional: tuple[str, ...] = ()
    """Those paths that may be left out."""
    numbers: tuple[str, ...] = ()
    """Flags that take a number and may be left out."""
    counts: tuple[str, ...] = ()
    """Flags that take a whole number and may be left out."""
    machine: bool = True
    """Whether the stage is told about the machine."""
    record_beside: str | None = None
    """The output beside which the stage's settings and the list of its outputs are written."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (*self.inputs, *self.outputs, *self.kept)


COMMANDS: dict[str, Command] = {
    "puppets": Command("play the puppets' data set", machine=False),
    "clips": Command(
        "find, check and choose clips",
        outputs=("index", "selection"),
        kept=("memo",),
        counts=("processes",),
        machine=False,
        record_beside="selection",
    ),
    "masks": Command(
        "segment both subjects",
        names=("relation",),
        inputs=("selection",),
        outputs=("masks", "contact_sheet", "rejections"),
        record_beside="masks",
    ),
    "captions": Command(
        "embed the captions of the clips", inputs=("selection",), outputs=("captions",), record_beside="captions"
    ),
    "latents": Command(
        "encode clips and pool masks",
        names=("relation",),
        inputs=("selection", "masks"),
        outputs=("latents",),
        record_beside="latents",
    ),
    "train": Command(
        "train one method on one relation",
        names=("relation", "method"),
        inputs=("latents", "captions"),
        outputs=("adapters", "manifest", "training"),
        kept=("resume", "board"),
        optional=("board",),
        numbers=("minutes",),
        record_beside="training",
    ),
    "prompts": Command(
        "embed the prompts of one relation", names=("relation",), outputs=("prompts",), record_beside="prompts"
    ),
    "generate": Command(
        "generate one method's videos of one relation",
        names=("relation", "method"),
        inputs=("prompts", "adapters", "adapters_manifest"),
        outputs=("videos", "manifest"),
        kept=("unfinished",),
        optional=("adapters", "adapters_manifest"),
        numbers=("minutes",),
        record_beside="manifest",
    ),
    "export": Command(
        "write what one method learned for other programs",
        names=("relation", "method"),
        inputs=("adapters", "adapters_manifest"),
        outputs=("export",),
        machine=False,
        record_beside="export",
    ),
    "evaluate": Command(
        "take one metric of one method's videos",
        names=("relation", "method", "metric"),
        inputs=("manifest", "videos", "selection"),
        outputs=("scores",),
        kept=("answers",),
        optional=("answers",),
        record_beside="scores",
    ),
    "controls": Command(
        "take one metric of real clips, whose truth is known",
        names=("relation", "metric"),
        inputs=("selection",),
        outputs=("controls",),
        kept=("answers",),
        optional=("answers",),
        record_beside="controls",
    ),
    "summarise": Command(
        "sum up one relation",
        names=("relation",),
        lists=("scores", "controls"),
        outputs=("evaluation",),
        machine=False,
        record_beside="evaluation",
    ),
    "compare": Command(
        "compare the methods over all relations",
        lists=("scores",),
        outputs=("comparison", "differences"),
        machine=False,
        record_beside="comparison",
    ),
    "table": Command(
        "fill one of the paper's tables",
        names=("number",),
        lists=("scores",),
        outputs=("csv", "markdown", "latex"),
        machine=False,
        record_beside="csv",
    ),
    "study_table": Command(
        "write the user study's table",
        inputs=("tally",),
        outputs=("csv", "markdown", "latex"),
        machine=False,
        record_beside="csv",
    ),
    "subspaces": Command(
        "compare the attention's query, key and value matrices",
        outputs=("table", "figure"),
        kept=("unfinished",),
        record_beside="table",
    ),
    "learned": Command(
        "tell how large and of how many directions a method's changes are",
        names=("relation", "method"),
        inputs=("adapters", "adapters_manifest"),
        outputs=("table", "figure"),
        machine=False,
        record_beside="table",
    ),
    "attention": Command(
        "show where a relation's words look, before and after a method",
        names=("relation", "method"),
        inputs=("latents", "captions", "adapters", "adapters_manifest"),
        outputs=("table", "figure", "video"),
        record_beside="table",
    ),
    "strength": Command(
        "draw a video with what a method learned, applied more and more strongly",
        names=("relation", "method"),
        inputs=("prompts", "adapters", "adapters_manifest"),
        outputs=("figure", "video"),
        record_beside="video",
    ),
    "feature_maps": Command(
        "draw query, key and value of the base model's own videos as maps",
        outputs=("figure",),
        record_beside="figure",
    ),
    "report": Command(
        "write the HTML report",
        outputs=("report", "scores_table"),
        kept=("results",),
        counts=("threads",),
        machine=False,
        record_beside="report",
    ),
}
"""Stage → how it is called."""
