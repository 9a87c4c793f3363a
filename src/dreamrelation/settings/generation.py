"""Settings of generation."""

from typing import Annotated

from pydantic import Field, model_validator

from dreamrelation.backbone_spec import BackboneSpec, Schedule
from dreamrelation.errors import UserError
from dreamrelation.settings.base import Count, Settings
from dreamrelation.settings.subjects import Subject, video_name


class Videos(Settings):
    """Which videos are generated of each relation."""

    subjects: Annotated[tuple[tuple[Subject, Subject], ...], Field(min_length=1)]
    """Pairs of new subjects; each is put into the prompt of each relation."""
    videos_per_prompt: Annotated[int, Field(ge=1, le=1000)] = 1
    """Each with a seed of its own, which all methods share."""
    pixel_frames: Count
    """Frames of each video, as the model takes them: Mochi 6k+1."""

    @model_validator(mode="after")
    def _names_differ(self) -> "Videos":
        seen: dict[str, tuple[str, str]] = {}
        for pair in self.subjects:
            name = video_name(pair, 0)
            if name in seen:
                raise UserError(f"subjects {list(seen[name])} and {list(pair)} give the same file name {name}.mp4")
            seen[name] = pair
        return self

    def video_names(self) -> list[str]:
        """Names of the videos of one relation and method, without suffix, in order."""
        return [video_name(pair, repeat) for pair in self.subjects for repeat in range(self.videos_per_prompt)]


class Sampling(Videos):
    """Everything that decides what a video looks like, but for the model and the method."""

    sampling_steps: int
    schedule: Schedule
    guidance_scale: float
    negative_prompt: str
    frames_per_second: int


class GenerationSettings(Videos):
    """What is generated, and how. What is `None` is as the model's publishers have it."""

    sampling_steps: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Euler steps from noise to latents."""
    schedule: Schedule | None = None
    """How the noise levels fall: `{kind: linear_quadratic, value: 0.025}` or `{kind: shifted, value: 3}`."""
    guidance_scale: Annotated[float, Field(ge=1)] | None = None
    """Classifier-free guidance; 1: none."""
    negative_prompt: str | None = None
    """What guidance leads away from; the empty text is nothing in particular."""
    frames_per_second: Count | None = None
    """Of the videos that are written, and, unless `clips.frames_per_second` says more, of the clips that are learnt."""

    def resolved(self, spec: BackboneSpec) -> Sampling:
        """With the model's own values where there was None. Raises UserError where a value does not fit the model."""
        spec.check_pixel_frames(self.pixel_frames)
        own = spec.sampling
        sampling = Sampling(
            subjects=self.subjects,
            videos_per_prompt=self.videos_per_prompt,
            pixel_frames=self.pixel_frames,
            sampling_steps=own.steps if self.sampling_steps is None else self.sampling_steps,
            schedule=own.schedule if self.schedule is None else self.schedule,
            guidance_scale=own.guidance_scale if self.guidance_scale is None else self.guidance_scale,
            negative_prompt=own.negative_prompt if self.negative_prompt is None else self.negative_prompt,
            frames_per_second=own.frames_per_second if self.frames_per_second is None else self.frames_per_second,
        )
        if sampling.schedule.kind == "linear_quadratic" and sampling.sampling_steps % 2:
            raise UserError(f"sampling_steps is {sampling.sampling_steps}, expected an even number for this schedule")
        return sampling
