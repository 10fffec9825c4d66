"""Network addresses, grouped into the networks for which failed sign-ins are counted, and into sites."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

# A site with one IPv6 address commonly has the whole /64.
_IPV6_PREFIX = 64
# The smallest network that is commonly routed, which one organisation has.
_IPV4_SITE, _IPV6_SITE = 24, 48

# Some proxies write the port of the client into X-Forwarded-For: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
_IPV4_WITH_PORT = re.compile(r"([0-9.]+):[0-9]+", re.ASCII)
_IPV6_IN_BRACKETS = re.compile(r"\[([^\]]+)\](?::[0-9]+)?", re.ASCII)


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """Return the network that an address belongs to: an IPv4 address itself, or the /64 of an IPv6 address.

    An IPv4-mapped IPv6 address counts as the IPv4 address, and a port is ignored. A text that is not an address, such
    as the path of a Unix socket, is returned unchanged.
    """
    try:
        parsed = ipaddress.ip_address(_without_port(address))
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_PREFIX), strict=False))


def site_of(address: str) -> str:
    """Return the site that an address belongs to: the /24 of an IPv4 address, or the /48 of an IPv6 address.

    Other text is returned unchanged, as by `network_of`.
    """
    try:
        network = ipaddress.ip_network(network_of(address))
    except ValueError:
        return address
    prefix = _IPV4_SITE if isinstance(network, ipaddress.IPv4Network) else _IPV6_SITE
    return str(network.supernet(new_prefix=prefix))


def _without_port(address: str) -> str:
    found = _IPV4_WITH_PORT.fullmatch(address) or _IPV6_IN_BRACKETS.fullmatch(address)
    return found[1] if found else address
