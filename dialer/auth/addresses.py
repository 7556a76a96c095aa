"""Which address a request comes from: the peer's own, or what a proxy of ours says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]


def networks(given: Iterable[str]) -> Networks:
    """Addresses and networks (`10.0.0.0/24`) as one kind of thing. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in given)


def client_address(peer: str, forwarded: Sequence[str], trusted: Networks) -> str:
    """The right-most address of all `X-Forwarded-For` headers that is none of our proxies'.

    Everything left of it is what the caller wrote itself. A peer that is no proxy of ours is the caller, whatever
    its header says; from what is no address on nothing is believed.
    """
    nearest = _read(peer)
    if nearest is None:
        return peer
    hops = [hop.strip() for header in forwarded for hop in header.split(",")]
    while hops and _among(nearest, trusted):
        further = _read(hops.pop())
        if further is None:
            break
        nearest = further
    return str(nearest)


def is_loopback(peer: str) -> bool:
    """Whether this is an address of the machine itself."""
    address = _read(peer)
    return address is not None and address.is_loopback


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # how a socket for both families shows an IPv4 peer
    return address if mapped is None else IPv4Address(mapped)


def _among(address: Address, trusted: Networks) -> bool:
    return any(address in network for network in trusted)
