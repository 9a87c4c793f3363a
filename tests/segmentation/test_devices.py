import pytest
import torch

from dreamrelation.devices import choose_device
from dreamrelation.errors import UserError


@pytest.mark.parametrize(("there", "auto"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_the_gpu_if_there_is_one_and_cpu_is_always_the_cpu(monkeypatch, there, auto):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert choose_device("auto") == torch.device(auto)
    assert choose_device("cpu") == torch.device("cpu")


def test_a_gpu_that_is_not_there_is_asked_for_in_vain(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="machine.device is cuda, but torch finds no CUDA device"):
        choose_device("cuda")
