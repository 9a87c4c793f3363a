"""Settings that every vision-language judge has: none but the kind; each kind extends them."""

from typing import ClassVar

from dreamrelation.settings.base import Component


class JudgeSettings(Component):
    """A vision-language model that is asked about pictures, by its kind."""

    is_remote: ClassVar[bool] = False
    """Whether each question is a call of somebody's server, which may cost money: `machine.endpoint.max_calls`."""
