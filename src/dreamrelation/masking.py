"""Secrets stay out of what people read and pass on: messages, logs, results. Their place is the environment."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

NAME = r"(api_?key|access_?key|secret_?key|private_?key|token|secret|password|passwd|authorization|credentials?)$"
SECRET_NAME = re.compile(rf"(^|[_-]){NAME}", re.IGNORECASE)
"""Of environment variables, whose values are not shown, and of settings that nobody has: it would be a secret."""
SHORTEST = 12
"""Characters; a shorter value stands in too many messages by chance."""
KNOWN_FORMS = re.compile(
    r"(?<=://)[^/\s@]+(?=@)|\bhf_[A-Za-z0-9]{30,}|\bsk-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}"
    r"|(?<=[?&]key=)[^&\s]+|(?<=[?&]api_key=)[^&\s]+|(?<=[?&]token=)[^&\s]+"
)
"""What is a secret by its looks: name and password in an address, keys of the model hub and of servers."""
MASK = "…"


def masked(text: str) -> str:
    """A text without the values of environment variables that are named as secrets, and without what looks like one."""
    values = {value.strip() for name, value in os.environ.items() if SECRET_NAME.search(name)}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            text = text.replace(value, MASK)
    return KNOWN_FORMS.sub(MASK, text)


def secrets_in(settings: Any, place: str = "") -> Iterator[str]:
    """The places in nested settings, such as `metrics.x.judge.api_key`, at which a secret stands."""
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            inner = f"{place}.{name}" if place else str(name)
            if SECRET_NAME.search(str(name)) and _may_be_secret(str(name), value):
                yield masked(inner)
            else:
                yield from secrets_in(value, inner)
    elif isinstance(settings, list | tuple):
        for number, value in enumerate(settings):
            yield from secrets_in(value, f"{place}.{number}")
    elif isinstance(settings, str) and masked(settings) != settings:
        yield masked(place)


def _may_be_secret(name: str, value: Any) -> bool:
    """A token may be a word that a method makes up, such as `placeholder_token: <r>`; those of servers are long."""
    if not name.lower().endswith("token"):
        return value is not None
    return isinstance(value, str) and re.fullmatch(rf"[\w.=+/-]{{{SHORTEST},}}", value) is not None
