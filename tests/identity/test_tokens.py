"""A token is accepted only when everything about it is right."""

from __future__ import annotations

import base64
import json

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.identity.conftest import URL
from tests.world import FakeClock
from together.domain.issuers import TrustedIssuer
from together.services.refusals import TokenRefused
from together.services.signing_in.tokens import SignedIn, Tokens

ADA = "ada@saltmarsh.example.org"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
ISSUER = "https://login.example.org"

ALGORITHMS = {
    "RS256": jwt.algorithms.RSAAlgorithm,
    "PS256": jwt.algorithms.RSAAlgorithm,
    "ES256": jwt.algorithms.ECAlgorithm,
    "ES384": jwt.algorithms.ECAlgorithm,
    "EdDSA": jwt.algorithms.OKPAlgorithm,
}


def jwk(key, algorithm, **more):
    made = ALGORITHMS[algorithm].to_jwk(key.public_key(), as_dict=True)
    return made | {"kid": "k1", "use": "sig"} | more


def tokens(*keys, entry=None, clock=None, asked=None):
    """Verify against an issuer that has these keys."""
    entry = entry or TrustedIssuer(issuer=ISSUER, audience="together", organization="saltmarsh")

    def answer(request):
        if asked is not None:
            asked.append(str(request.url))
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json={"issuer": entry.issuer, "jwks_uri": f"{ISSUER}/jwks"})
        return httpx.Response(200, json={"keys": list(keys)})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Tokens([entry], http=http, clock=clock or FakeClock())


def claims(**more):
    now = FakeClock()()
    said = {
        "iss": ISSUER,
        "aud": "together",
        "sub": "ada-1",
        "exp": now + 600,
        "email": ADA,
        "email_verified": True,
    } | more
    return {name: value for name, value in said.items() if value is not None}


def signed(key=P256, algorithm="ES256", headers=None, **more):
    # As bytes, for the library's own `jwt.encode` refuses to write what has to be refused.
    body = json.dumps(claims(**more)).encode()
    head = {"typ": "JWT", "kid": "k1"} | (headers or {})
    return jwt.PyJWS().encode(body, key, algorithm=algorithm, headers=head)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def written(extra):
    """Sign a header by hand, with what a library would leave out."""
    head = part({"alg": "ES256", "kid": "k1"} | extra)
    text = f"{head}.{part(claims())}"
    signature = jwt.get_algorithm_by_name("ES256").sign(text.encode(), P256)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", RSA), ("PS256", RSA), ("ES256", P256), ("EdDSA", ED)],
)
async def test_every_algorithm_on_the_default_list_verifies(algorithm, key):
    """A token signed with an allowed algorithm by the issuer's own key is accepted."""
    verified = await tokens(jwk(key, algorithm)).verified(signed(key, algorithm))
    assert verified == SignedIn(ISSUER, "ada-1", "saltmarsh", ADA)


async def refused(token, *keys, **given):
    with pytest.raises(TokenRefused) as caught:
        await tokens(*(keys or (jwk(P256, "ES256"),)), **given).verified(token)
    return caught.value.message


PLAIN = "This token is not accepted here. Sign in again."


async def test_a_token_with_the_wrong_claims_is_refused():
    """Issuer, audience, subject and expiry are each required and each compared."""
    wrong = [
        {"iss": "https://elsewhere.example.org"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "a" * 256},
        {"sub": "a\nb"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": FakeClock()() + 61},
        {"iat": FakeClock()() + 61},
        {"nbf": "later"},
    ]
    assert [await refused(signed(**claim)) for claim in wrong] == [PLAIN] * len(wrong)


async def test_an_expiry_that_is_no_number_is_refused():
    """JSON's NaN and Infinity, which Python reads, make no token live for ever."""
    for odd in (float("nan"), float("inf")):
        assert await refused(signed(exp=odd)) == PLAIN


async def test_a_minute_of_leeway_and_no_more():
    """An expired token serves 60 seconds more, and then is told to have expired."""
    clock = FakeClock()
    token = signed(exp=clock() + 1)
    service = tokens(jwk(P256, "ES256"), clock=clock)
    clock.forward(60)
    await service.verified(token)
    clock.forward(1)
    with pytest.raises(TokenRefused, match="expired"):
        await service.verified(token)


async def test_an_audience_among_several_is_accepted():
    """A token for this API and for others is for this API."""
    verified = await tokens(jwk(P256, "ES256")).verified(signed(aud=["other", "together"]))
    assert verified.subject == "ada-1"


async def test_an_algorithm_that_is_not_allowed_is_refused():
    """The list decides, whatever the token's header says."""
    secret = "x" * 64
    unsigned = f"{part({'alg': 'none', 'kid': 'k1'})}.{part(claims())}."
    assert await refused(unsigned) == PLAIN
    assert await refused(signed(secret, "HS256")) == PLAIN
    assert await refused(signed(P384, "ES384"), jwk(P384, "ES384")) == PLAIN
    entry = TrustedIssuer(
        issuer=ISSUER, audience="together", organization="saltmarsh", algorithms=("ES256",)
    )
    assert await refused(signed(RSA, "RS256"), jwk(RSA, "RS256"), entry=entry) == PLAIN


async def test_a_public_key_is_no_shared_secret():
    """A token signed with HMAC under the text of the public key is refused."""
    head = part({"alg": "HS256", "kid": "k1"})
    assert await refused(f"{head}.{part(claims())}.{part('x')}", jwk(RSA, "RS256")) == PLAIN


async def test_a_key_serves_its_own_type_only():
    """The algorithm of the header has to go with the type, curve and use of the key it names."""
    token = signed(RSA, "PS256")
    assert await refused(token, jwk(P256, "ES256")) == PLAIN
    assert await refused(token, jwk(RSA, "RS256", alg="RS256")) == PLAIN
    assert await refused(token, jwk(RSA, "RS256", use="enc"), jwk(P256, "ES256", kid="k2")) == PLAIN
    other = {"key_ops": ["sign"]}
    assert await refused(token, jwk(RSA, "RS256", **other), jwk(P256, "ES256", kid="k2")) == PLAIN


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_short_key_verifies_nothing():
    """RSA keys below 2048 bits are passed over."""
    assert await refused(signed(WEAK, "RS256"), jwk(WEAK, "RS256")) == PLAIN


async def test_a_token_of_another_key_is_refused():
    """The signature has to be of the key that the header names."""
    other = ec.generate_private_key(ec.SECP256R1())
    assert await refused(signed(other)) == PLAIN
    assert await refused(signed(headers={"kid": "k2"})) == PLAIN
    assert await refused(signed(headers={"kid": ""})) == PLAIN
    bare = jwt.encode(claims(), P256, algorithm="ES256")
    assert await refused(bare) == PLAIN


async def test_keys_that_a_token_brings_are_ignored():
    """`jku`, `jwk`, `x5u` and `x5c` are neither followed nor believed."""
    other = ec.generate_private_key(ec.SECP256R1())
    brought = {
        "jku": "https://evil.example/jwks",
        "jwk": jwk(other, "ES256"),
        "x5u": "https://evil.example/cert",
        "x5c": ["AAAA"],
    }
    asked: list[str] = []
    assert await refused(signed(other, headers=brought), asked=asked) == PLAIN
    assert asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/jwks"]
    verified = await tokens(jwk(P256, "ES256")).verified(signed(headers=brought))
    assert verified.subject == "ada-1"


async def test_header_extensions_and_other_types_are_refused():
    """A token with `crit`, a detached payload or the type of another kind is none of ours."""
    extras = [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": True},
        {"b64": True},
        {"typ": "logout+jwt"},
        {"typ": 1},
    ]
    for extra in extras:
        assert await refused(written(extra)) == PLAIN
    assert (await tokens(jwk(P256, "ES256")).verified(written({}))).subject == "ada-1"
    verified = await tokens(jwk(P256, "ES256")).verified(signed(headers={"typ": "at+JWT"}))
    assert verified.subject == "ada-1"


@pytest.mark.parametrize(
    "token",
    ["x", "a.b", "a.b.c.d", "..", "é.é.é", f"{part([])}.{part({})}.x", f"{part({})}.{part(1)}.x",
     "!!.!!.!!", part({"alg": "ES256"}) + "." + "[" * 8000 + ".x",
     base64.urlsafe_b64encode(b"[" * 9000).decode() + "." + part({}) + ".x"],
)  # fmt: skip
async def test_what_is_no_token_is_refused(token):
    """Anything else than three parts of JSON is refused before a key is looked for."""
    asked: list[str] = []
    assert await refused(token, asked=asked) == PLAIN
    assert asked == []


async def test_a_token_of_more_than_16_kib_is_refused():
    """A token may be 16 KiB long and not a byte more."""
    fits = signed(pad="x" * 11_900)
    assert len(fits) <= 16 * 1024
    await tokens(jwk(P256, "ES256")).verified(fits)
    assert await refused(signed(pad="x" * 12_300)) == PLAIN


async def test_google_vouches_with_the_domain_of_the_workspace():
    """At Google the tenant is `hd`: a token without it, or with another, is refused."""
    entry = TrustedIssuer(
        issuer="https://accounts.google.com",
        audience="together",
        organization="saltmarsh",
        tenant="saltmarsh.example.org",
    )
    google = {"iss": entry.issuer}
    service = tokens(jwk(P256, "ES256"), entry=entry)
    verified = await service.verified(signed(**google, hd="saltmarsh.example.org"))
    assert verified.email == ADA
    assert await refused(signed(**google), entry=entry) == PLAIN
    assert await refused(signed(**google, hd="evil.example"), entry=entry) == PLAIN
    assert await refused(signed(**google, tid="saltmarsh.example.org"), entry=entry) == PLAIN


async def test_microsoft_vouches_in_a_claim_of_its_own():
    """At Entra the person is tenant and object id, and an address counts with `xms_edov` only."""
    entry = TrustedIssuer(
        issuer="https://login.microsoftonline.com/t-1/v2.0",
        audience="together",
        organization="saltmarsh",
        tenant="t-1",
    )
    entra = {"iss": entry.issuer, "tid": "t-1", "oid": "o-1", "preferred_username": ADA}
    service = tokens(jwk(P256, "ES256"), entry=entry)
    expected = SignedIn(entry.issuer, "t-1:o-1", "saltmarsh", ADA)
    assert await service.verified(signed(**entra, xms_edov=True)) == expected
    assert await service.verified(signed(**entra, xms_edov="1")) == expected
    for edov in (None, False, "0"):
        assert (await service.verified(signed(**entra, xms_edov=edov))).email is None
    assert await refused(signed(**(entra | {"oid": None})), entry=entry) == PLAIN
    assert await refused(signed(**(entra | {"tid": "t-2"})), entry=entry) == PLAIN


def test_the_built_in_issuer_lives_on_this_machine_only():
    """It cannot be made for an address that another machine could reach."""
    from together.services.signing_in.issuer import BuiltInIssuer

    with pytest.raises(ValueError, match="this machine only"):
        BuiltInIssuer.made("https://together.example.org/issuer")
    assert BuiltInIssuer.made(URL).url == URL


def test_the_built_in_issuer_keeps_its_key_to_this_user(tmp_path):
    """The key is made once, in a file that nobody else can read."""
    from together.services.signing_in.issuer import BuiltInIssuer

    path = tmp_path / "issuer.pem"
    first = BuiltInIssuer.kept(URL, path).token(ADA, organization="saltmarsh", now=0)
    again = BuiltInIssuer.kept(URL, path).token(ADA, organization="saltmarsh", now=0)
    kids = [jwt.get_unverified_header(token)["kid"] for token in (first, again)]
    assert (path.stat().st_mode & 0o777, kids[0]) == (0o600, kids[1])
