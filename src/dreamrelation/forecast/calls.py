"""What it costs to ask servers, as people read it."""

from dreamrelation.settings.machine import EndpointSettings

WORDS = 200
"""Tokens of a question and its answer, about."""


def calls_told(calls: dict[str, int], frames: dict[str, int], endpoint: EndpointSettings) -> str:
    """From metric → calls, and metric → frames of a call."""
    lines = ["Servers are asked, at the most:"]
    for name, count in calls.items():
        tokens = count * (frames[name] * endpoint.tokens_per_frame + WORDS)
        price = endpoint.price_per_million_tokens
        costs = "" if price is None else f", {tokens / 1e6 * price:.2f} in your currency"
        verdict = "" if count <= endpoint.max_calls else f"; machine.endpoint.max_calls allows {endpoint.max_calls:,}"
        lines.append(f"  {name}: {count:,} calls, about {tokens / 1e6:.3g} million tokens{costs}{verdict}")
    return "\n".join(lines)
