"""The names by which a server of ours is asked for; a request with another one is refused."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from dreamrelation.errors import UserError
from dreamrelation.web.addresses import LOCAL_NAMES


def host_names(host: str, more: list[str], option: str) -> tuple[str, ...]:
    """Those of this machine's loopback, the `host` that is listened on, and `more`, which the option of this name told.

    Raises UserError where the host is every address of the machine, and no name is told.
    """
    address = _address(host)
    if address is not None and address.is_unspecified:
        if not more:
            raise UserError(f"--host {host} is every address of this machine: say by {option} how it is called")
        return (*LOCAL_NAMES, *more)
    own = f"[{host}]" if address is not None and address.version == 6 else host.lower()
    return (*LOCAL_NAMES, own, *more)


def is_for_others(host: str) -> bool:
    """Whether other machines may reach a server that listens there."""
    address = _address(host)
    return host != "localhost" if address is None else not address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
