"""Settings of the small Mochi's transformer training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """A part of the training, with rates of its own."""

    steps: int
    decay_steps: int
    """The last steps, over which the rates fall to nothing."""
    matrix_learning_rate: float
    """Of Muon, scaled so that its updates are as large as AdamW's."""
    learning_rate: float
    """Of AdamW."""
    improvised_share: float = 0.0
    """How many of the clips are improvised, all others rehearsed."""
    warmup_steps: int = 200


@dataclass(frozen=True)
class TransformerTraining:
    """Settings of the transformer's training."""

    seed: int = 0
    courses: tuple[Course, ...] = (
        Course(steps=30_000, decay_steps=8000, matrix_learning_rate=5e-3, learning_rate=1.2e-3),
        Course(steps=12_000, decay_steps=6000, matrix_learning_rate=3e-3, learning_rate=7e-4, improvised_share=0.5),
    )
    """Each starts from the averaged weights of the one before, with optimizers of its own."""
    batch: int = 16
    noise_shift: float = 1.5
    """By how much uniform noise levels are pushed towards noise: who stands where is decided there."""
    caption_dropout: float = 0.1
    average_decay: float = 0.999
    """Decay per step of the moving average of the weights, which is what is kept."""
    compiled: bool = True
    """Compile the transformer where there is a C++ compiler: a quarter less time, and the same but for rounding."""

    @property
    def steps(self) -> int:
        """Of all courses."""
        return sum(course.steps for course in self.courses)

    def course_at(self, step: int) -> tuple[Course, int]:
        """The course of a step, and how many of its steps were done before."""
        for course in self.courses:
            if step < course.steps:
                return course, step
            step -= course.steps
        raise IndexError(f"{self.steps} steps, and no step {self.steps + step}")
