"""Microsoft's own sign-in library, over a real socket, takes the sandbox for Microsoft."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msal import ConfidentialClientApplication
from together_outlook.sandbox.world import tenant_id
from together_outlook.testing import walk_consent

ADA = "ada@saltmarsh.example.org"
MIRA = "mira@northlight.example.com"
REDIRECT_URI = "http://127.0.0.1:1/callback/outlook"
DEFAULT = ["https://graph.microsoft.com/.default"]
SCOPES = ["User.Read", "Calendars.Read", "Calendars.ReadWrite"]

# The library would like the answer posted; Together, like most of its users, reads it in a query.
pytestmark = pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Make a certificate for this machine: the library speaks to https addresses alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address, now = x509.IPAddress(ip_address("127.0.0.1")), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "127.0.0.1.pem"
    words = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(*words, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def base(sandbox, certificate, serve):
    """Serve the sandbox with Ada and Mira in it."""
    sandbox.add_account(ADA, name="Ada Lindqvist", zone="Europe/Stockholm")
    sandbox.add_account(MIRA, name="Mira Holt", zone="Europe/Paris", needs_approval=True)
    return serve(sandbox.app(), ssl_certfile=certificate)


@pytest.fixture
def session(certificate):
    with requests.Session() as session:
        session.verify, session.trust_env = str(certificate), False
        yield session


@pytest.fixture
def client(sandbox, base, session):
    """Give Microsoft's client, which finds the addresses by itself."""
    settings = sandbox.settings(base)
    return ConfidentialClientApplication(
        settings["CLIENT_ID"],
        client_credential=settings["CLIENT_SECRET"],
        authority=settings["LOGIN_URL"] + "/common",
        instance_discovery=False,
        http_client=session,
    )


def app_of(sandbox, base, session, tenant):
    """Give Microsoft's client as an application of one tenant."""
    settings = sandbox.settings(base)
    return ConfidentialClientApplication(
        settings["CLIENT_ID"],
        client_credential=settings["CLIENT_SECRET"],
        authority=f"{settings['LOGIN_URL']}/{tenant}",
        instance_discovery=False,
        http_client=session,
    )


@pytest.fixture
def sign_in(client, certificate):
    """Give a function that walks through the library's own flow; it checks state and nonce."""

    async def sign_in(account, **how):
        flow = client.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT_URI)
        trust = ssl.create_default_context(cafile=certificate)
        async with httpx.AsyncClient(verify=trust, trust_env=False) as web:
            location = await walk_consent(web, flow["auth_uri"], account=account, **how)
        answer = dict(parse_qsl(urlsplit(location).query))
        return client.acquire_token_by_auth_code_flow(flow, answer)

    return sign_in


async def test_msal_signs_in(sandbox, base, session, sign_in):
    """The library gets both tokens and reads the id token, whose signature is right."""
    got = await sign_in(ADA)
    assert set(got["scope"].split()) == {*SCOPES, "openid", "profile", "email"}
    assert got["refresh_token"]
    assert sandbox.scopes_of(got["access_token"]) >= set(SCOPES)
    person = sandbox.world.people[ADA]
    claims = got["id_token_claims"]
    assert claims["iss"] == f"{base}/{tenant_id('saltmarsh.example.org')}/v2.0"
    assert (claims["oid"], claims["tid"], claims["preferred_username"]) == (
        person.oid,
        tenant_id("saltmarsh.example.org"),
        ADA,
    )
    found = session.get(base + "/common/v2.0/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(session.get(found["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(got["id_token"])["kid"]]
    verified = jwt.decode(got["id_token"], key, ["RS256"], audience=sandbox.world.client_id)
    assert verified == claims


async def test_msal_renews(client, sandbox, sign_in):
    """The library keeps the account it signed in, and gets another token for it."""
    first = await sign_in(ADA)
    (account,) = client.get_accounts()
    assert account["username"] == ADA
    kept = client.acquire_token_silent(SCOPES, account)
    assert kept["access_token"] == first["access_token"]
    renewed = client.acquire_token_silent(SCOPES, account, force_refresh=True)
    assert renewed["access_token"] != first["access_token"]
    assert sandbox.scopes_of(renewed["access_token"]) >= set(SCOPES)


async def test_msal_notices_a_revoked_account(client, sandbox, sign_in):
    """A dead refresh token is an error that the library knows, with Microsoft's number."""
    await sign_in(ADA)
    (account,) = client.get_accounts()
    sandbox.revoke(ADA)
    got = client.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert (got["error"], got["error_codes"]) == ("invalid_grant", [50173])


@pytest.mark.parametrize(
    ("account", "decision", "number"),
    [(ADA, "cancel", "AADSTS65004"), (MIRA, "blocked", "AADSTS90094")],
)
async def test_msal_reads_a_refusal(sign_in, account, decision, number):
    """Who says no, and who must ask an administrator, is told in the description alone."""
    got = await sign_in(account, decision=decision)
    assert got["error"] == "access_denied"
    assert got["error_description"].startswith(number + ": ")


async def test_msal_signs_in_as_the_app(sandbox, base, session):
    """The library gets a token for a tenant, keeps it, and reads Ada's calendar with it."""
    tenant = sandbox.delegate("saltmarsh.example.org")
    app = app_of(sandbox, base, session, tenant)
    got = app.acquire_token_for_client(DEFAULT)
    assert (got["token_type"], got["token_source"]) == ("Bearer", "identity_provider")
    assert app.acquire_token_for_client(DEFAULT)["token_source"] == "cache"
    headers = {"authorization": f"Bearer {got['access_token']}"}
    found = session.get(f"{base}/v1.0/users/{ADA}/calendar", headers=headers).json()
    assert found["owner"] == {"name": "Ada Lindqvist", "address": ADA}


async def test_msal_is_refused_as_the_app(sandbox, base, session):
    """Without a consent, for a permission by name, and with an old secret there is no token."""
    tenant = tenant_id("saltmarsh.example.org")
    app = app_of(sandbox, base, session, tenant)
    got = app.acquire_token_for_client(DEFAULT)
    assert (got["error"], got["error_codes"]) == ("unauthorized_client", [700016])
    got = app.acquire_token_for_client(["User.Read"])
    assert (got["error"], got["error_codes"]) == ("invalid_scope", [1002012])
    sandbox.switches.secret_expired = True
    # The library does not ask again at once what was refused to it, so that another one does.
    got = app_of(sandbox, base, session, tenant).acquire_token_for_client(DEFAULT)
    assert (got["error"], got["error_codes"]) == ("invalid_client", [7000222])


async def test_msal_reads_a_wrong_secret(sandbox, client, sign_in):
    """The secret of another app is told from a code that is none."""
    sandbox.world.client_secret = "another"
    got = await sign_in(ADA)
    assert (got["error"], got["error_codes"]) == ("invalid_client", [7000215])
