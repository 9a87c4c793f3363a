"""Settings of a judge behind an endpoint. The key is no setting: settings stand in results and reports."""

import re
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from dreamrelation.errors import UserError
from dreamrelation.settings.base import Count
from dreamrelation.settings.judges import JudgeSettings

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


def _a_variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):  # not repeated: somebody may have put the key itself there
        raise UserError("found no name of an environment variable, expected capitals, digits and _; not the key itself")
    return name


class OpenAIEndpointSettings(JudgeSettings):
    """Any server that speaks OpenAI's protocol of chat completions with pictures: Qwen-VL-Max, vLLM, others."""

    implementation: ClassVar[str] = "dreamrelation.metrics.judges.openai_endpoint.judge:OpenAIEndpoint"
    is_remote: ClassVar[bool] = True

    kind: Literal["openai_endpoint"] = "openai_endpoint"
    url: str = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    """Base address of the server, as a rule ending in /v1. What serves the model is told by its name, not by this."""
    model: str = "qwen-vl-max"
    """The model's name, which the server knows it by; a dated snapshot where there is one, as that stays the same."""
    key_variable: Annotated[str, AfterValidator(_a_variable)] | None = "DASHSCOPE_API_KEY"
    """Environment variable with the key, in capitals; `None`: the server wants none."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Of sampling; `None`: the server's own."""
    seeded: bool = True
    """Send a seed of its own with each pass; some servers do not know the field."""
    max_tokens: Count = 32
    """Of an answer; its first word counts."""
    picture_quality: Annotated[int, Field(ge=50, le=100)] | None = 95
    """Pictures are sent as JPEG of this quality; `None`: as PNG, without loss."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further fields of each request, such as `enable_thinking: false`."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        address = urlsplit(value)
        if "@" in value or address.query or address.fragment:
            raise UserError("found an address with a name or a query in it, expected the key in `key_variable`")
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UserError(f"found {value!r}, expected an address that starts with http:// or https:// and a host")
        return value.rstrip("/")
