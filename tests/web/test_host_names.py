"""By which names a server may be asked for."""

import pytest

from dreamrelation.errors import UserError
from dreamrelation.web.addresses import LOCAL_NAMES
from dreamrelation.web.host_names import host_names, is_for_others


@pytest.mark.parametrize(
    ("host", "own", "others"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("localhost", "localhost", False),
        ("127.0.0.2", "127.0.0.2", False),
        ("::1", "[::1]", False),
        ("192.168.1.5", "192.168.1.5", True),
        ("GPU.lab.example", "gpu.lab.example", True),
        ("2001:db8::7", "[2001:db8::7]", True),
    ],
)
def test_the_host_that_is_listened_on_is_one(host: str, own: str, others: bool) -> None:
    assert host_names(host, ["more.example"], "--name") == (*LOCAL_NAMES, own, "more.example")
    assert is_for_others(host) == others


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_address_has_no_name_of_its_own(host: str) -> None:
    assert host_names(host, ["gpu.example"], "--name") == (*LOCAL_NAMES, "gpu.example") and is_for_others(host)
    with pytest.raises(UserError, match="say by --public-address how it is called"):
        host_names(host, [], "--public-address")
