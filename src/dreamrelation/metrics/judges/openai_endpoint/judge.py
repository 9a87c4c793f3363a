"""A vision-language model behind an endpoint, through the `openai` client."""

import base64
import json
import os
from threading import Lock
from typing import Any

import cv2
import numpy as np
import openai
from openai.types.chat import ChatCompletion, ChatCompletionContentPartParam
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from dreamrelation.errors import UserError
from dreamrelation.masking import MASK, masked
from dreamrelation.metrics.judges.interface import Answer, Question
from dreamrelation.metrics.judges.openai_endpoint.pace import Pace
from dreamrelation.metrics.judges.openai_endpoint.settings import OpenAIEndpointSettings
from dreamrelation.settings.machine import MachineSettings

REFUSALS = frozenset({"content_filter", "content_policy_violation", "data_inspection_failed", "DataInspectionFailed"})
"""Codes of servers that will not look at a picture, or not say what they see: an answer, though not to the question."""
PASSING = frozenset({408, 409, 425, 429})
"""Statuses beside 5xx after which the same request may succeed."""
LONGEST_WAIT = 120.0
"""Seconds, whatever a server asks for."""


class UnreadableError(Exception):
    """The server said that all is well, and what it sent is no answer."""


class OpenAIEndpoint:
    """Asks a server. What passes is tried again: no connection, too many requests, a server's fault, half an answer."""

    draws = True

    def __init__(self, settings: OpenAIEndpointSettings, machine: MachineSettings) -> None:
        """Raises UserError where the key is not in the environment."""
        self.settings, self.limits = settings, machine.endpoint
        self.name = f"{settings.model} at {settings.url}"
        self.at_once = self.limits.concurrency
        self.pace = Pace(self.limits.requests_per_minute)
        self.calls, self.counting = 0, Lock()
        self.key = _key(settings)
        self.client = openai.OpenAI(
            base_url=settings.url,
            api_key=self.key or "none",
            max_retries=0,  # ours know when half an answer came, and how often a server was asked
            timeout=self.limits.timeout_seconds,
        )

    @property
    def facts(self) -> dict[str, Any]:
        return self.settings.model_dump(exclude={"kind", "url", "key_variable"})

    def ask(self, pictures: np.ndarray, question: Question, seed: int) -> Answer:
        """Raises UserError where the server does not answer, or refuses the request."""
        request = self._request(pictures, question, seed)
        trying = Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_after_attempt(self.limits.attempts),
            wait=_wait_as_told,
            reraise=True,
        )
        try:
            return trying(self._send, request)
        except openai.APIStatusError as error:
            if error.code in REFUSALS:
                return Answer(f"refused: {error.code}")
            raise self._failure(f"answered {error.status_code}: {error.message}", error) from None
        except openai.APIConnectionError as error:
            raise self._failure(f"cannot be reached: {error.__cause__ or error}", error) from None
        except (UnreadableError, openai.APIError, json.JSONDecodeError) as error:
            raise self._failure(f"sent no answer that can be read: {error}", error) from None

    def _send(self, request: dict[str, Any]) -> Answer:
        self.pace.wait()
        self._count()
        completion = self.client.chat.completions.create(**request)
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise UnreadableError(f"found {str(completion)[:200]!r}, expected a chat completion")
        choice = completion.choices[0]
        if choice.finish_reason == "content_filter":
            return Answer("refused: content_filter")
        text = choice.message.refusal or choice.message.content if choice.message else None
        if not isinstance(text, str):
            raise UnreadableError("found a message without content")
        return Answer(self._without_key(text))

    def _count(self) -> None:
        """Raises UserError where the server was asked too often."""
        with self.counting:
            if self.calls >= self.limits.max_calls:
                raise UserError(
                    f"{self.name}: was asked {self.calls} times in this job, machine.endpoint.max_calls allows no more;"
                    " its answers are kept, and with a higher number it goes on"
                )
            self.calls += 1

    def _request(self, pictures: np.ndarray, question: Question, seed: int) -> dict[str, Any]:
        content: list[ChatCompletionContentPartParam] = [
            {"type": "image_url", "image_url": {"url": _address(picture, self.settings.picture_quality)}}
            for picture in pictures
        ]
        request: dict[str, Any] = {
            "model": self.settings.model,
            "messages": [{"role": "user", "content": [*content, {"type": "text", "text": question.text}]}],
            "max_tokens": self.settings.max_tokens,
        }
        if self.settings.temperature is not None:
            request["temperature"] = self.settings.temperature
        if self.settings.seeded:
            request["seed"] = seed
        if self.settings.extra:
            request["extra_body"] = self.settings.extra
        return request

    def _failure(self, what: str, error: Exception) -> UserError:
        hint = ""
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            hint = f"; is the key in {self.settings.key_variable} the one of this server?"
        return UserError(self._without_key(f"{self.name}: {what}{hint}"))

    def _without_key(self, text: str) -> str:
        """Some servers repeat it, in errors and in answers, which are kept."""
        return masked(text.replace(self.key, MASK) if self.key else text)


def _key(settings: OpenAIEndpointSettings) -> str:
    if settings.key_variable is None:
        return ""
    key = os.environ.get(settings.key_variable, "").strip()
    if not key:
        raise UserError(
            f"{settings.model} at {settings.url}: found no key in the environment variable {settings.key_variable},"
            " expected one; set key_variable to null for a server that wants none"
        )
    return key


def _address(picture: np.ndarray, quality: int | None) -> str:
    """A picture as a data: address."""
    suffix, options = (".png", []) if quality is None else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
    encoded = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()
    kind = "png" if quality is None else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"


def _passes(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, openai.APIStatusError):
        return error.code not in REFUSALS and (error.status_code in PASSING or error.status_code >= 500)
    return isinstance(
        error, UnreadableError | openai.APIConnectionError | openai.APIResponseValidationError | json.JSONDecodeError
    )


BACKOFF = wait_exponential_jitter(initial=1, max=60)


def _wait_as_told(state: RetryCallState) -> float:
    """As long as the server asks for, or longer each time."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, openai.APIStatusError):
        told = error.response.headers.get("retry-after", "")
        if told.replace(".", "", 1).isdecimal():
            return min(float(told), LONGEST_WAIT)
    return BACKOFF(state)
