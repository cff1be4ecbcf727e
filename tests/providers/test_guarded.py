"""The client for supplied addresses reaches public servers and nothing else."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from together.providers import Misconfigured, ProviderUnavailable
from together.providers.guarded import (
    GuardedTransport,
    Reach,
    checked,
    guarded_client,
    public,
    within,
)
from together.providers.http import BadAddress, fetch

HOME = "https://calendar.example"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        "0.0.0.0",  # noqa: S104  (an address to refuse)
        *("224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "::808:808"),
        *("::ffff:169.254.169.254", "2002:7f00:1::1", "2001:db8::1"),
    ],
)
def test_an_inner_address_is_not_public(address):
    """No private, local, shared or reserved address is public, however it is wrapped."""
    assert not public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2606:4700::1"]
)
def test_an_open_address_is_public(address):
    """A server in the open internet is public, in each form its address can take."""
    assert public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("http://calendar.example", "https://calendar.example:8443", "http://127.0.0.1:5232"),
        *("https://ada@calendar.example", "ftp://calendar.example", "https://", "calendar.example"),
        "https://calendar.example:99999",
    ],
)
def test_only_https_on_443_is_asked(address):
    """Another scheme, another port and a user name in the address are refused unasked."""
    with pytest.raises(BadAddress):
        checked(address, Reach())


def test_loopback_allowed_opens_nothing_else():
    """What tests and the demo may do on this machine holds for no other host."""
    reach = Reach(loopback=True)
    assert checked("http://127.0.0.1:5232", reach) == "http://127.0.0.1:5232"
    for address in ("http://calendar.example", "https://calendar.example:8443"):
        with pytest.raises(BadAddress):
            checked(address, reach)


def test_an_operator_allows_a_port():
    """A port the operator named is as good as 443."""
    reach = Reach(ports=frozenset({443, 8443}))
    assert checked("https://calendar.example:8443/dav", reach) == "https://calendar.example:8443"


def test_a_link_stays_within_its_origin():
    """A redirect or href is read against its page."""
    assert within(HOME, HOME + "/dav/", "/home/ada") == HOME + "/home/ada"


@pytest.mark.parametrize(
    "link", ["https://other.example/", "//other.example/", "http://calendar.example/", "https://["]
)
def test_a_link_that_leaves_is_refused(link):
    """A password given for one origin follows no link to another."""
    with pytest.raises(Misconfigured) as refused:
        within(HOME, HOME + "/dav/", link)
    assert refused.value.code == "link_leaves_origin"


class Names:
    """A resolver whose answers are set, and which notes what it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses, self.asked = [ip_address(each) for each in addresses], []

    async def __call__(self, host, port):
        self.asked.append(host)
        return self.addresses


@pytest.fixture
async def server():
    """A server on this machine that counts who connects and sends everybody elsewhere."""
    met = []

    async def answer(reader, writer):
        met.append(await reader.read(4096))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://inner.example/\r\n")
        writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], met


async def test_the_checked_address_is_the_one_connected_to(server, monkeypatch):
    """The name is resolved once, no proxy is taken for it, and no redirect is followed."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    port, met = server
    names = Names("127.0.0.1")
    async with guarded_client(Reach(loopback=True), resolve=names) as http:
        reply = await fetch(http, "GET", f"http://localhost:{port}/")
    assert (reply.status, names.asked, len(met)) == (302, ["localhost"], 1)


async def test_one_inner_address_among_open_ones_refuses_the_name(server):
    """A name that also leads inside is not connected to at all."""
    port, met = server
    reach = Reach(ports=frozenset({port}))
    async with guarded_client(reach, resolve=Names("127.0.0.1", "8.8.8.8")) as http:
        with pytest.raises(ProviderUnavailable):
            await fetch(http, "GET", f"https://calendar.example:{port}/")
    assert met == []


async def test_a_refused_address_is_never_resolved():
    """An address of the wrong form costs no question to anybody."""
    names = Names("8.8.8.8")
    async with guarded_client(Reach(), resolve=names) as http:
        with pytest.raises(Misconfigured):
            await fetch(http, "GET", "http://calendar.example/")
    assert names.asked == []


def certificate(folder, name):
    """Write a certificate for one name, and give its file; it is valid for an hour."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize(
    ("host", "outcome"), [("calendar.example", 200), ("other.example", ProviderUnavailable)]
)
async def test_the_certificate_is_checked_for_the_name(tmp_path, host, outcome):
    """Connecting to an address that was checked still asks for the certificate of the name."""
    file = certificate(tmp_path, "calendar.example")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(file)

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving) as listening:
        port = listening.sockets[0].getsockname()[1]
        transport = GuardedTransport(
            Reach(ports=frozenset({port}), loopback=True),
            resolve=Names("127.0.0.1"),
            tls=ssl.create_default_context(cafile=file),
        )
        async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
            try:
                met = (await fetch(http, "GET", f"https://{host}:{port}/")).status
            except ProviderUnavailable as error:
                met = type(error)
    assert met == outcome
