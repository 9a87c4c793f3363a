"""Qwen's vision-language models through transformers."""

from collections import Counter
from itertools import chain
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError
from dreamrelation.local_models import UNUSABLE
from dreamrelation.metrics.judges.interface import Answer, Question
from dreamrelation.metrics.judges.qwen_vl.settings import QwenVLSettings
from dreamrelation.settings.machine import MachineSettings

WORDS = 8
"""Tokens of a sampled answer, whose first word counts."""


class QwenVL:
    """One question at a time."""

    at_once = 1

    def __init__(self, settings: QwenVLSettings, machine: MachineSettings) -> None:
        """Raises UserError where transformers finds no such model at `settings.path`."""
        self.settings = settings
        self.name = settings.path if settings.revision is None else f"{settings.path}@{settings.revision}"
        self.draws = settings.answers == "sampled"
        dtype = getattr(torch, settings.precision)
        try:
            self.processor = AutoProcessor.from_pretrained(
                settings.path, revision=settings.revision, trust_remote_code=False
            )
            self.model = AutoModelForImageTextToText.from_pretrained(
                settings.path, revision=settings.revision, dtype=dtype, trust_remote_code=False
            )
        except UNUSABLE as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"the judge qwen_vl: path: found no such model at {settings.path!r}: {reason}") from None
        self.device = choose_device(machine.device)
        self.model.eval().requires_grad_(False).to(self.device)  # pyright: ignore[reportArgumentType]

    @property
    def facts(self) -> dict[str, Any]:
        return self.settings.model_dump(exclude={"kind"})

    @torch.inference_mode()
    def ask(self, pictures: np.ndarray, question: Question, seed: int) -> Answer:
        """With probabilities, `seed` changes nothing."""
        inputs = self._inputs(pictures, question)
        if self.settings.answers == "sampled":
            return self._sampled(inputs, seed)
        logits = self.model(**inputs).logits[0, -1].to(torch.float64)
        likely = torch.stack([torch.logsumexp(logits[tokens], dim=0) for tokens in self._first_tokens(question)])
        shares = torch.softmax(likely, dim=0).tolist()
        best = question.choices[int(likely.argmax())]
        return Answer(best, dict(zip(question.choices, shares, strict=True)))

    def _inputs(self, pictures: np.ndarray, question: Question) -> dict[str, Tensor]:
        shown = [{"type": "image", "image": Image.fromarray(picture)} for picture in pictures]
        talk = [{"role": "user", "content": [*shown, {"type": "text", "text": question.text}]}]
        found = self.processor.apply_chat_template(
            talk, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        return found.to(self.device)

    def _sampled(self, inputs: dict[str, Tensor], seed: int) -> Answer:
        # generate() draws from torch's own generator, which is put back as it was
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            made = self.model.generate(  # pyright: ignore[reportAttributeAccessIssue]
                **inputs,
                do_sample=True,
                temperature=self.settings.temperature,
                top_k=0,
                top_p=1.0,
                max_new_tokens=WORDS,
            )
        answered = made[0, inputs["input_ids"].shape[1] :]
        return Answer(self.processor.tokenizer.decode(answered, skip_special_tokens=True))

    def _first_tokens(self, question: Question) -> list[list[int]]:
        """With which tokens an answer starts that is this choice: in lower case or with a capital, after a space or
        not. A token that starts several, as a space alone does, tells none of them.

        Raises UserError where the model's tokenizer tells two choices apart only later.
        """
        tokenizer = self.processor.tokenizer
        started: list[set[int]] = []
        for choice in question.choices:
            words = {form for word in (choice, choice.capitalize()) for form in (word, f" {word}")}
            started.append({tokenizer.encode(word, add_special_tokens=False)[0] for word in words})
        common = {token for token, times in Counter(chain.from_iterable(started)).items() if times > 1}
        if not all(tokens - common for tokens in started):
            raise UserError(
                f"{self.name}: its tokenizer starts {', '.join(question.choices)} alike; set answers: sampled"
            )
        return [sorted(tokens - common) for tokens in started]
