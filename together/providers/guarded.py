"""A client for addresses that a person or a reply supplies: it reaches public servers only.

Every request is checked, and every connection is made to the very address that was checked.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM
from urllib.parse import urljoin, urlsplit

import anyio
import httpcore
import httpx

from together.providers.errors import Misconfigured
from together.providers.http import PATIENCE, BadAddress, loopback, origin

IpAddress = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[IpAddress]]]

NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6; what lies beside it is local, compatible or reserved."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What an operator lets the client reach beside https on 443 of public servers."""

    ports: frozenset[int] = frozenset({443})
    loopback: bool = False
    """This very machine too, on any port and without https: for tests and the demo."""


def unwrapped(address: IpAddress) -> IpAddress:
    """Give the IPv4 address that an IPv6 one only carries, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def public(address: IpAddress) -> bool:
    """Say whether an address is one server somewhere in the open internet."""
    bare = unwrapped(address)
    if isinstance(bare, IPv6Address) and bare not in UNICAST:
        return False
    return bare.is_global and not (bare.is_multicast or bare.is_reserved)


def checked(address: str, reach: Reach) -> str:
    """Give the origin of an address whose form may be reached, or raise `BadAddress`."""
    try:
        found, url = origin(address), urlsplit(address)
        port = url.port or 443
    except ValueError:
        raise BadAddress("a server's address is https://host/path") from None
    if reach.loopback and loopback(url.hostname or ""):
        return found
    if url.scheme != "https" or port not in reach.ports:
        raise BadAddress("a server's address is https, on a port that is allowed")
    return found


def within(home: str, base: str, link: str) -> str:
    """Give the whole address of a redirect or ``href``, which may not leave the origin `home`."""
    try:
        target = urljoin(base, link)
        stays = origin(target) == home
    except ValueError:
        stays = False
    if not stays:
        raise Misconfigured(code="link_leaves_origin")
    return target


async def resolve(host: str, port: int) -> list[IpAddress]:
    """Ask the system for every address of a host."""
    found = await anyio.getaddrinfo(host, port, type=SOCK_STREAM)
    return [ip_address(sockaddr[0]) for *_, sockaddr in found]


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a host once, refuses it if any of its addresses is not public, and connects there.

    TLS still asks for the certificate of the name: httpcore takes it from the request.
    """

    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach, self._resolve = reach, resolve
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first checked address that answers."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, ValueError):
            addresses = []
        if not addresses or not all(map(self._allowed, addresses)):
            raise httpcore.ConnectError("no public server there")
        for address in addresses[:4]:
            try:
                return await self._sockets.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise httpcore.ConnectError("no public server there")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the pool does between two tries."""
        await self._sockets.sleep(seconds)

    def _allowed(self, address: IpAddress) -> bool:
        return public(address) or (self._reach.loopback and unwrapped(address).is_loopback)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Checks the form of each request's address, and connects through a `PinnedBackend`."""

    def __init__(
        self, reach: Reach, *, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(trust_env=False)
        self._reach = reach
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            network_backend=PinnedBackend(reach, resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose address may be reached; no redirect is followed here."""
        try:
            checked(str(request.url), self._reach)
        except BadAddress:
            raise httpx.UnsupportedProtocol("this address may not be reached") from None
        return await super().handle_async_request(request)


def guarded_client(reach: Reach, *, resolve: Resolve = resolve) -> httpx.AsyncClient:
    """Open a client that follows no redirect and takes no proxy from the environment."""
    transport = GuardedTransport(reach, resolve=resolve)
    return httpx.AsyncClient(
        transport=transport, trust_env=False, follow_redirects=False, timeout=PATIENCE
    )
