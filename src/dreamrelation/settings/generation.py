"""Settings of generation."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from dreamrelation.backbone_spec import BackboneSpec, Schedule
from dreamrelation.errors import UserError
from dreamrelation.settings.base import Count, Settings
from dreamrelation.settings.prompts import Prompt, Prompts, read_prompts
from dreamrelation.settings.subjects import Subject, video_name


class Sampling(Settings):
    """Everything that decides what a video of a prompt looks like, but for the model and the method."""

    pixel_frames: int
    sampling_steps: int
    schedule: Schedule
    guidance_scale: float
    embedded_guidance: float | None
    negative_prompt: str
    frames_per_second: int


class GenerationSettings(Settings):
    """What is generated, and how. What is `None` is as the model's publishers have it."""

    subjects: Annotated[tuple[tuple[Subject, Subject], ...], Field(min_length=1)] | None = None
    """Pairs of new subjects; each is put into the prompt of each relation."""
    prompts: Annotated[Prompts, BeforeValidator(read_prompts, json_schema_input_type=str)] | None = None
    """In place of `subjects`, prompts of each relation, with places: `full`, the package's ten for each of NTU RGB+D's
    relations; `core`, the short set of these; or a YAML file of one's own in the form of `settings/prompts.yaml`."""
    videos_per_prompt: Annotated[int, Field(ge=1, le=1000)] = 1
    """Each with a seed of its own, which all methods share."""
    pixel_frames: Count
    """Frames of each video, as the model takes them: Mochi 6k+1."""
    sampling_steps: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Euler steps from noise to latents."""
    schedule: Schedule | None = None
    """How the noise levels fall: `{kind: linear_quadratic, value: 0.025}` or `{kind: shifted, value: 3}`."""
    guidance_scale: Annotated[float, Field(ge=1)] | None = None
    """Classifier-free guidance; 1: none."""
    embedded_guidance: Annotated[float, Field(ge=0)] | None = None
    """What a model is told that is distilled to answer as if guided, as HunyuanVideo; others take none."""
    negative_prompt: str | None = None
    """What guidance leads away from; the empty text is nothing in particular."""
    frames_per_second: Count | None = None
    """Of the videos that are written, and, unless `clips.frames_per_second` says more, of the clips that are learnt."""

    @model_validator(mode="after")
    def _videos_can_be_told_apart(self) -> "GenerationSettings":
        if self.subjects is None and self.prompts is None:
            raise UserError("found neither subjects nor prompts, expected one of them")
        named = {"subjects": self._of_subjects} | {f"prompts.{slug}": p for slug, p in (self.prompts or {}).items()}
        for place, prompts in named.items():
            seen: dict[str, Prompt] = {}
            for prompt in prompts:
                if prompt.name in seen:
                    both = f"{_told(seen[prompt.name])} and {_told(prompt)}"
                    raise UserError(f"{place}: {both} give the same file name {video_name(prompt.name, 0)}.mp4")
                seen[prompt.name] = prompt
        return self

    @property
    def _of_subjects(self) -> tuple[Prompt, ...]:
        return tuple(Prompt(subjects=pair) for pair in self.subjects or ())

    def prompts_of(self, relation: str) -> tuple[Prompt, ...]:
        """Of one relation, by its slug. Raises UserError where the prompts say nothing of it."""
        if self.prompts is None:
            return self._of_subjects
        if relation not in self.prompts:
            raise UserError(
                f"prompts: found none of {relation}, expected some: name a file with them, or set prompts to null, and"
                f" each relation has the pairs of subjects; found were those of {', '.join(self.prompts)}"
            )
        return self.prompts[relation]

    def video_names(self, relation: str) -> list[str]:
        """Names of the videos of one relation and method, without suffix, in order."""
        repeats = range(self.videos_per_prompt)
        return [video_name(prompt.name, repeat) for prompt in self.prompts_of(relation) for repeat in repeats]

    def resolved(self, spec: BackboneSpec) -> Sampling:
        """With the model's own values where there was None. Raises UserError where a value does not fit the model."""
        spec.check_pixel_frames(self.pixel_frames)
        own = spec.sampling
        sampling = Sampling(
            pixel_frames=self.pixel_frames,
            sampling_steps=own.steps if self.sampling_steps is None else self.sampling_steps,
            schedule=own.schedule if self.schedule is None else self.schedule,
            guidance_scale=own.guidance_scale if self.guidance_scale is None else self.guidance_scale,
            embedded_guidance=own.embedded_guidance if self.embedded_guidance is None else self.embedded_guidance,
            negative_prompt=own.negative_prompt if self.negative_prompt is None else self.negative_prompt,
            frames_per_second=own.frames_per_second if self.frames_per_second is None else self.frames_per_second,
        )
        if own.embedded_guidance is None and self.embedded_guidance is not None:
            raise UserError(f"embedded_guidance is {self.embedded_guidance:g}, expected none for {spec.title}")
        if sampling.schedule.kind == "linear_quadratic" and sampling.sampling_steps % 2:
            raise UserError(f"sampling_steps is {sampling.sampling_steps}, expected an even number for this schedule")
        return sampling


def _told(prompt: Prompt) -> str:
    return f"{list(prompt.subjects)}{'' if prompt.place is None else ' ' + prompt.place}"
