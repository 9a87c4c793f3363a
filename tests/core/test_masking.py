"""Secrets: not in a configuration, not in a message, not in a traceback."""

import sys
from pathlib import Path

import pytest

from dreamrelation.config import from_mapping, read_yaml
from dreamrelation.errors import UserError
from dreamrelation.masking import masked, secrets_in
from dreamrelation.settings.overlay import overlay
from dreamrelation.stages.outcome import exit_status, print_exception

ROOT = Path(__file__).parents[2]
KEY, TOKEN = "sk-0123456789abcdef0123456789abcdef", "hf_" + "aB3" * 12
JUDGE = {"kind": "openai_endpoint", "url": "http://127.0.0.1:1/v1", "key_variable": None}
WRONG = {
    "a field of its own": ({"metrics": {"asked": {"judge": {"api_key": KEY}}}}, "metrics.asked.judge.api_key"),
    "a field of any name": ({"hf_token": TOKEN}, "hf_token"),
    "a field of each request": (
        {"metrics": {"asked": {"judge": {"extra": {"token": "012345-token"}}}}},
        "judge.extra.token",
    ),
    "in a list": (
        {"metrics": {"asked": {"judge": {"extra": {"headers": [{"Authorization": KEY}]}}}}},
        "0.Authorization",
    ),
    "in the address": ({"metrics": {"asked": {"judge": {"url": f"https://me:{KEY}@host/v1"}}}}, "judge.url"),
    "in the query": ({"metrics": {"asked": {"judge": {"url": f"https://host/v1?key={KEY}"}}}}, "judge.url"),
    "in an address of another sort": ({"model": {"path": "https://me:my-pass@host/model"}}, "model.path"),
    "as the variable's name": ({"metrics": {"asked": {"judge": {"key_variable": KEY}}}}, "judge.key_variable"),
    "as a name": ({"metrics": {TOKEN: {"kind": "motion"}}}, None),
}


def settings(over: dict) -> dict:
    asked = {"metrics": {"asked": {"kind": "vlm_relation_accuracy", "judge": JUDGE}}}
    return overlay(overlay(read_yaml(ROOT / "config.yaml"), asked), over)


@pytest.mark.parametrize("what", WRONG)
def test_a_secret_in_the_configuration_is_refused_and_not_repeated(what: str) -> None:
    over, place = WRONG[what]
    with pytest.raises(UserError) as caught:
        from_mapping(settings(over), "my.yaml")
    told = str(caught.value)
    assert KEY not in told and TOKEN not in told and "my-pass" not in told
    assert place is None or (place in told and "looks like a secret" in told and "`key_variable`" in told)


def test_words_that_a_method_makes_up_are_no_secrets() -> None:
    words = {"placeholder_token": "<shaking>", "initializer_token": "relation", "last_token": 3, "token": None}
    assert list(secrets_in({"methods": {"mine": words}})) == []


def test_a_key_of_another_form_as_the_variable_is_not_repeated() -> None:
    with pytest.raises(UserError, match="judge.key_variable: found no name of an environment variable") as caught:
        from_mapping(settings({"metrics": {"asked": {"judge": {"key_variable": "0123abcd-my-key"}}}}), "my.yaml")
    assert "0123abcd" not in str(caught.value)


@pytest.mark.parametrize(
    "path", [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))], ids=lambda p: p.name
)
def test_no_shipped_configuration_is_taken_for_one(path: Path) -> None:
    assert list(secrets_in(read_yaml(path))) == []


def test_values_of_the_environment_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for name in ("MY_API_KEY", "HF_TOKEN", "DB_PASSWORD"):
        monkeypatch.setenv(name, f"value-of-{name}")
    monkeypatch.setenv("SHORT_TOKEN", "relation")

    def work() -> None:
        raise UserError("the server said value-of-MY_API_KEY of a relation, value-of-HF_TOKEN")

    assert exit_status("evaluate", work) == 1
    assert capsys.readouterr().err == "dreamrelation evaluate: the server said … of a relation, …\n"
    try:
        try:
            raise OSError("value-of-HF_TOKEN is not valid")
        except OSError as first:
            raise RuntimeError("value-of-DB_PASSWORD") from first
    except RuntimeError:
        print_exception(*sys.exc_info())  # pyright: ignore[reportArgumentType]
    told = capsys.readouterr().err
    assert "value-of" not in told and "OSError: … is not valid" in told and "RuntimeError: …" in told


@pytest.mark.parametrize(
    "text",
    ["a/hf_models/of_mine", "task-0123456789012345678901", "http://host/v1?page=2", "a@b.c", "data/sk-clips",
     "genmo/mochi-1-preview", "max_tokens=32"],
)  # fmt: skip
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert masked(text) == text
