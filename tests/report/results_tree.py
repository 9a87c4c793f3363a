"""A small tree of results, as the stages before the report leave it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as run_lengths

from dreamrelation import tables, video
from dreamrelation.config import from_mapping
from dreamrelation.puppets.render import Take, draw_scene, render
from dreamrelation.relations import RELATIONS
from dreamrelation.roles import ROLES
from dreamrelation.settings.experiment import ExperimentSettings

SUBJECTS = (("dog", "cat"), ("panda", "fox"))
METHODS = ("base", "direct_lora", "dreamrelation")
ODD = '<b>cat & "dog"</b>'
"""A subject that must not become markup."""
SOURCE_HEIGHT, SOURCE_WIDTH = 96, 160
HEIGHT, WIDTH = 64, 96
MOTIONS_SHOWN = {"base": "standing", "direct_lora": "waving", "dreamrelation": None}
HELD_OUT = {"motion": 0.97, "figure": 0.95, "per_motion": {"kicking": 0.8, "none": 1.0}, "clips": 160}
ACCURACY = {"base": 0.12, "direct_lora": 0.45, "dreamrelation": 0.8}


def make_settings(
    relations: tuple[str, ...] = ("shaking_hands", "kicking"),
    subjects: tuple[tuple[str, str], ...] = SUBJECTS,
    exemplars: int = 2,
    videos_per_prompt: int = 2,
) -> ExperimentSettings:
    direct = {"placement": {"direct": ["query"]}, "inference_adapters": ["direct"], "hybrid_masks": False}
    return from_mapping(
        {
            "experiment": "tiny",
            "relations": list(relations),
            "data": {"videos": "data/videos", "skeletons": "data/skeletons"},
            "clips": {"pixel_frames": [7], "height": HEIGHT, "width": WIDTH},
            "methods": {"base": {"placement": {}}, "direct_lora": direct, "dreamrelation": {}},
            "generation": {
                "subjects": [list(pair) for pair in subjects],
                "videos_per_prompt": videos_per_prompt,
                "frames_per_second": 10,
            },
            "report": {"exemplars": exemplars},
        },
        "the test",
    )


class Results:
    """Writes `results/{experiment}`; every choice follows from `seed`."""

    def __init__(self, folder: Path, settings: ExperimentSettings, frames: int = 7, clips: int = 3, steps: int = 40):
        self.folder, self.settings = folder / settings.experiment, settings
        self.frames, self.clips, self.steps = frames, clips, steps
        self.rng = np.random.default_rng([0, 17])

    def write(self) -> "Results":
        selection, index = [], []
        for relation in self.settings.relations:
            takes = [self.take(relation, ("person", "person"), SOURCE_HEIGHT, SOURCE_WIDTH) for _ in range(self.clips)]
            rows = [self.selected(relation, number, take) for number, take in enumerate(takes)]
            selection += rows
            index += [self.indexed(row["clip"], relation, "selected", "used") for row in rows]
            for reason in ("too short: found 12 frames", "too short: found 9 frames", "body lost"):
                index.append(self.indexed(f"S{len(index):03d}", relation, "refused", reason))
            self.write_relation(relation, rows, takes)
        index.append(self.indexed("S900", None, "refused", "not asked for: A001"))
        tables.write(self.folder / "clips" / "index.parquet", tables.INDEX, index)
        tables.write(self.folder / "clips" / "selection.parquet", tables.SELECTION, selection)
        return self

    def take(self, motion: str, kinds: tuple[str, str], height: int, width: int) -> Take:
        times = (np.arange(self.frames) - (self.frames - 1) / 2) / 10
        return render(draw_scene(motion, kinds, self.rng, height, width), times)

    def selected(self, relation: str, number: int, take: Take) -> dict[str, Any]:
        clip = f"S001C001P{number:03d}R001{RELATIONS[relation].label}"
        source = self.folder.parent / "source" / f"{clip}_rgb.avi"
        video.encode(source, take.frames, 10, codec="mpeg4", options={"qscale": "2"})
        row: dict[str, Any] = dict.fromkeys(tables.SELECTION.names, "rule")
        row |= {"clip": clip, "relation": relation, "caption": RELATIONS[relation].caption(), "video": str(source)}
        row |= {"skeleton": "none.skeleton", "start_frame": 0, "pixel_frames": self.frames, "subject1_track": 0}
        return row | {"crop_left": 8, "crop_top": 0, "crop_width": 144, "crop_height": 96}

    def indexed(self, clip: str, relation: str | None, verdict: str, reason: str) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(tables.INDEX.names)
        return row | {"clip": clip, "relation": relation, "verdict": verdict, "reason": reason}

    def write_relation(self, relation: str, rows: list[dict[str, Any]], takes: list[Take]) -> None:
        folder = self.folder / relation
        masked = list(zip(rows, takes, strict=True))[:-1]
        tables.write(folder / "masks.parquet", tables.MASKS, [m for row, take in masked for m in self.masks(row, take)])
        rejection = {"clip": rows[-1]["clip"], "reason": "a mask jumps: found 5.1, expected at most 4"}
        tables.write(folder / "rejections.parquet", tables.REJECTIONS, [rejection])
        (folder / "masks.png").write_bytes(b"\x89PNG only looked at by people")
        evaluation = {"experiment": "tiny", "relation": relation, "seed": 0, "confidence": 0.95, "methods": {}}
        evaluation["judge"] = {"name": "puppet_classifier", "weights_sha256": "0", "held_out_accuracy": HELD_OUT}
        evaluation["controls"] = {"positive": {"mean": 1.0, "count": 10}, "negative": {"mean": 0.05, "count": 20}}
        for method in self.settings.methods:
            evaluation["methods"][method] = self.write_method(folder / method, relation, method)
        (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")

    def masks(self, row: dict[str, Any], take: Take) -> list[dict[str, Any]]:
        found = []
        for frame, pair in enumerate(take.masks[:, :, :, 8:152]):
            for subject, mask in enumerate(pair, 1):
                counts = run_lengths.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
                found.append(
                    {
                        "clip": row["clip"],
                        "frame": frame,
                        "subject": subject,
                        "height": mask.shape[0],
                        "width": mask.shape[1],
                        "counts": counts,
                        "area_share": float(mask.mean()),
                        "joints_inside_share": 1.0,
                        "truth_iou": 0.91 if subject == 1 else 0.88,
                    }
                )
        return found

    def write_method(self, folder: Path, relation: str, method: str) -> dict[str, Any]:
        videos, scores = [], []
        for subjects in self.settings.generation.subjects:
            for repeat in range(self.settings.generation.videos_per_prompt):
                row = self.video(folder, relation, method, subjects, repeat)
                videos.append(row)
                scores += self.scores(row, method)
        tables.write(folder / "videos.parquet", tables.VIDEOS, videos)
        tables.write(folder / "scores.parquet", tables.SCORES, scores)
        if self.settings.method(method).trains:
            tables.write(folder / "training.parquet", tables.TRAINING, self.training(method))
        values: dict[str, list[float]] = {}
        for row in scores:
            values.setdefault(row["metric"], [])
            if row["value"] is not None:
                values[row["metric"]].append(row["value"])
        return {metric: self.summary(found, len(videos)) for metric, found in values.items()}

    def summary(self, values: list[float], videos: int) -> dict[str, Any]:
        counts = {"count": len(values), "missing": videos - len(values)}
        if not values:
            return {"mean": None, "low": None, "high": None, "interval": None, **counts}
        mean, half = float(np.mean(values)), 0.7 / len(values) ** 0.5 * float(np.std(values) + 0.1)
        low, high = max(mean - half, 0.0), min(mean + half, 1.0)
        return {"mean": mean, "low": low, "high": high, "interval": "wilson", **counts}

    def video(self, folder: Path, relation: str, method: str, subjects: tuple[str, str], repeat: int) -> dict[str, Any]:
        number = f"{len(list((folder / 'videos').glob('*.mp4'))):02d}"
        kinds = (subjects[0], subjects[1] if subjects[1] != ODD else "cat")
        take = self.take(MOTIONS_SHOWN[method] or relation, kinds, HEIGHT, WIDTH)
        video.encode(folder / "videos" / f"{number}.mp4", take.frames, 10)
        row: dict[str, Any] = dict.fromkeys(tables.VIDEOS.names, 1)
        row |= {"video": f"{relation}-{method}-{number}", "file": f"videos/{number}.mp4", "relation": relation}
        row |= {"method": method, "prompt": RELATIONS[relation].caption(*subjects), "repeat": repeat}
        row |= {"subject1": subjects[0], "subject2": subjects[1], "model": "mochi", "adapters": [], "sha256": "0"}
        row["seed"] = 40 + repeat
        return row

    def scores(self, row: dict[str, Any], method: str) -> list[dict[str, Any]]:
        seen = float(self.rng.uniform() < ACCURACY[method])
        share = float(self.rng.uniform(0.55, 0.99) if seen else self.rng.uniform(0.02, 0.4))
        measured = {
            "relation_accuracy": (seen, "saw point_finger (0.61); the judge"),
            "relation_probability": (share, "saw point_finger (0.61); the judge"),
            "subject_accuracy": (1.0, f"saw {row['subject1']} and {row['subject2']}; the judge"),
            "temporal_consistency": (float(self.rng.uniform(0.95, 0.999)), "features"),
            "motion": (float(self.rng.uniform(0.2, 1.5)), "flow"),
        }
        if row["video"].endswith("base-00"):
            measured["subject_accuracy"] = (None, "the judge does not know a dog")
        return [
            {"video": row["video"], "prompt": row["prompt"], "metric": metric, "value": value, "detail": detail}
            for metric, (value, detail) in measured.items()
        ]

    def training(self, method: str) -> list[dict[str, Any]]:
        rows = []
        for step in range(self.steps):
            role = ROLES[int(self.rng.integers(3))] if method == "dreamrelation" else "relation"
            loss = float((0.3 + 0.9 * np.exp(-6 * step / self.steps)) * self.rng.lognormal(0, 0.45))
            contrast = float(1.25 * np.exp(-2 * step / self.steps) * self.rng.lognormal(0, 0.15))
            row: dict[str, Any] = {"step": step, "role": role, "clips": ["a"], "loss": loss, "reconstruction": loss}
            row["contrastive"] = contrast if method == "dreamrelation" and role == "relation" and step > 3 else None
            rows.append(row | {"learning_rate": 1e-3, "gradient_norm": 1.0, "seconds": 0.1})
        return rows
