"""Tokens are made for members of the demo, and nowhere else."""

from __future__ import annotations

import shutil
import time

import anyio
import httpx
import jwt
import pytest

from tests.world import saltmarsh
from together.cli.demonstration import renamed_issuer
from together.cli.folder import ISSUER, KEY_PREFIX, DemoFolder, is_demos
from together.services.signing_in.identity import Identity
from together.store.database import Database
from together.store.models import Member

ADA = "ada@saltmarsh.example.org"
URL = "http://127.0.0.1:8000"


def in_demo(folder, work):
    async def inside():
        database = await Database.open(folder.database)
        try:
            async with database.entered():
                return await work()
        finally:
            await database.close()

    return anyio.run(inside)


@pytest.fixture
def demo(environ, _sqlite_template):
    """A demo's folder, as the first start leaves it."""
    folder = DemoFolder()
    folder.mark(url=URL)
    folder.issuer()
    shutil.copy2(_sqlite_template, folder.database_path)
    in_demo(folder, saltmarsh)
    return folder


def test_a_token_of_the_command_signs_in(together, demo):
    """The token of the command line goes through the same verification as any other."""
    code, token, err = together("token", ADA)
    assert (code, err) == (0, "It signs in for 8 hours.\n")
    issuer = demo.issuer()

    def answer(request):
        app = {"/issuer/jwks": "/jwks"}.get(request.url.path, "/.well-known/openid-configuration")
        return httpx.Request("GET", f"http://127.0.0.1{app}")

    class Mounted(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            inner = httpx.ASGITransport(issuer.app)
            response = await inner.handle_async_request(answer(request))
            return httpx.Response(response.status_code, content=await response.aread())

    async def sign_in():
        identity = Identity(
            issuer.trusted(["saltmarsh"]), transport=Mounted(), clock=lambda: int(time.time())
        )
        viewer = await identity.viewer(token.strip())
        return (await Member.get(id=viewer.member_id)).email

    assert in_demo(demo, sign_in) == ADA


def test_a_token_lives_eight_hours(together, demo):
    """Standard output holds the token alone, and the token ends after eight hours."""
    _code, out, _err = together("token", ADA)
    claims = jwt.decode(out.strip(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 8 * 3600
    assert claims["iss"] == ISSUER


def test_outside_of_a_demo_there_are_no_tokens(together):
    """Without a demo the command refuses, and says how members sign in."""
    assert together("token", ADA) == (
        1,
        "",
        "together: There is no demo in .together, and tokens are made for the demo only. Run "
        "`together demo` first; elsewhere, members sign in at their organization's issuer.\n",
    )


def test_somebody_who_is_not_there_is_named(together, demo):
    """An address of nobody is given back, with where to look."""
    assert together("token", "zoe@x.org") == (
        1,
        "",
        "together: Nobody has the address 'zoe@x.org'. `together demo` lists who has.\n",
    )
    assert together("token", ADA, "--organization", "northlight") == (
        1,
        "",
        f"together: Nobody in 'northlight' has the address '{ADA}'. `together demo` lists who "
        "has.\n",
    )


def test_an_address_in_two_organizations_asks_which(together, demo):
    """Where two members have the address, the organization is asked for."""

    async def add():
        mira = await Member.get(email="mira@northlight.example.com")
        await Member.filter(id=mira.id).update(email=ADA, email_key=ADA)

    in_demo(demo, add)
    assert together("token", ADA) == (
        1,
        "",
        f"together: '{ADA}' is in northlight and saltmarsh: say which with --organization SLUG.\n",
    )
    _code, out, _err = together("token", ADA, "--organization", "northlight")
    assert jwt.decode(out.strip(), options={"verify_signature": False})["tid"] == "northlight"


def test_a_login_that_is_tied_to_a_port_is_untied_from_it(demo):
    """A login at the demo's issuer of some port becomes one at its name; others stay."""
    names = {ADA: "http://127.0.0.1:8001/issuer", "ben@saltmarsh.example.org": "https://x/issuer"}

    async def rename():
        for email, issuer in names.items():
            await Member.filter(email=email).update(issuer=issuer, subject="s")
        await renamed_issuer()
        tied = Member.exclude(issuer=None).order_by("email")
        return await tied.values_list("email", "issuer")

    assert in_demo(demo, rename) == [
        (ADA, ISSUER),
        ("ben@saltmarsh.example.org", "https://x/issuer"),
    ]


def test_the_demos_keys_are_known_by_their_name(tmp_path):
    """The demo's master key keeps its name when the file is made once and read again."""
    folder = DemoFolder(tmp_path / "demo")
    folder.mark(url=URL)
    keys = folder.made_keys()
    assert keys.current.startswith(KEY_PREFIX)
    assert folder.made_keys() == keys
    assert is_demos(folder.keys)
    assert is_demos(folder.database_path)
    assert not is_demos(tmp_path / "together.db")
