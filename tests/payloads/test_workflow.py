"""One run of Snakemake on hostile names: they reach the commands as text, and nothing is run or filled in."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.payloads.names import COMMANDS, FILES, FORMATS, QUOTES, REFUSED_FILES
from tests.workflow.checkout import REPOSITORY, copy_workflow

from dreamrelation.config import from_mapping, read_yaml
from dreamrelation.errors import UserError
from dreamrelation.planning import Plan
from dreamrelation.settings.overlay import overlay
from dreamrelation.tables.rows import SELECTION
from dreamrelation.video import encode

FOLDER = "my $(touch pwned) 'x'"


def test_a_run_on_hostile_names(tmp_path: Path) -> None:
    (tmp_path / "a 'b' $(touch pwned)").mkdir()
    checkout = copy_workflow(tmp_path / "a 'b' $(touch pwned)")
    clips = checkout.folder / FOLDER / "bowing"
    clips.mkdir(parents=True)
    frames = np.random.default_rng(0).integers(0, 256, (30, 72, 128, 3), dtype=np.uint8)
    encode(tmp_path / "clip.mp4", frames, 10)
    for name in (*FILES, *REFUSED_FILES):
        os.link(tmp_path / "clip.mp4", clips / name)
    predicate = f"is bowing to {{other}} {COMMANDS} {QUOTES}"
    (clips / "relation.yaml").write_text(json.dumps({"predicate": predicate, "caption": f"{FORMATS} {COMMANDS}"}))
    prompt = {"subjects": ["dog $(touch pwned)", "{wildcards} cat"], "place": "in a `touch pwned` {input} room"}
    mine = {
        "experiment": "hostile",
        "relations": ["bowing"],
        "data": {"source": "folder", "folder": FOLDER},
        "puppets": None,
        "masks": {"truth": None},
        "clips": {"per_relation": len(FILES), "minimum": len(FILES)},
        "generation": {"prompts": {"bowing": [prompt]}, "subjects": None},
    }
    (checkout.folder / "my.yaml").write_text(yaml.safe_dump(mine))
    selection = "results/hostile/clips/selection.parquet"
    answer = checkout.snakemake("--cores", "1", "--configfile", "my.yaml", "--", selection)
    assert answer.status == 0, answer.text
    rows = SELECTION.read(checkout.folder / selection)
    assert {row.clip for row in rows} == {f"bowing-{name}" for name in FILES}
    assert {row.caption for row in rows} == {f"{FORMATS} {COMMANDS}"}
    assert not list(tmp_path.rglob("pwned*"))


@pytest.mark.parametrize(
    ("over", "setting"),
    [
        ({"data": {"captions": "{experiment}.tsv"}}, "data"),
        ({"puppets": {"folder": "data/{x}"}}, "puppets.folder"),
        ({"masks": {"truth": "a\nb.parquet"}}, "masks.segmenter, masks.truth"),
        ({"model": {"path": "./{model}"}}, "model.path"),
    ],
)
def test_a_path_that_snakemake_would_fill_in_is_refused(over: dict, setting: str, tmp_path: Path) -> None:
    base = {} if "puppets" in over else {"puppets": None}
    settings = from_mapping(overlay(overlay(read_yaml(REPOSITORY / "config.yaml"), base), over), "my.yaml")
    with pytest.raises(UserError, match=f"^{setting}: found the path .*, expected no curly brackets"):
        Plan(settings).check_inputs(tmp_path)


def test_a_folder_that_snakemake_would_fill_in_is_no_place_for_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "{experiment}").mkdir()
    monkeypatch.chdir(tmp_path / "{experiment}")
    with pytest.raises(UserError, match="^the working directory: found the path .*, expected no curly brackets"):
        Plan(from_mapping(read_yaml(REPOSITORY / "config.yaml"), "config.yaml")).check_inputs(tmp_path)
