"""GraphiQL: in development only, from this process, and without internet."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import tarfile
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tests.api.conftest import Api
from together.api import graphiql
from together.api.graphiql import Explorer, NotFetched, Package
from together.api.routes import api_routes
from together.settings import Mode, Settings
from together.store.keys import make_key_file

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ADA = {"Authorization": "Bearer ada"}


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


def _client(api: Api, tmp_path: Path, mode: Mode) -> httpx.AsyncClient:
    keys = tmp_path / "keys" / "together.txt"
    keys.parent.mkdir(parents=True, exist_ok=True)
    if not keys.exists():
        make_key_file(keys)
    routes = list(api_routes(api.services, Settings(keys=keys, mode=mode)))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://127.0.0.1:8000"
    )


async def test_development(api: Api, tmp_path: Path):
    """In development a browser finds a page, all of whose files come from here."""
    async with _client(api, tmp_path, Mode.DEVELOPMENT) as client:
        page = await client.get("/graphql", headers=BROWSER)
        assert page.status_code == 200
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "http" not in re.sub(r"<!doctype html>", "", page.text)
        named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert named
        for name in named:
            assert (await client.get(name)).status_code == 200
        for name in ("../graphiql.py", "nothing.js", "%2e%2e%2fgraphiql.py"):
            assert (await client.get(f"/graphql/assets/{name}")).status_code == 404
        start = await client.get("/")
        assert (start.status_code, start.headers["location"]) == (303, "/graphql")
        asked = {"query": "{ __schema { queryType { name } } }"}
        answer = await client.post("/graphql", json=asked, headers=ADA)
        assert answer.json() == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


async def test_production(api: Api, tmp_path: Path):
    """In production there is no page, and no introspection."""
    async with _client(api, tmp_path, Mode.PRODUCTION) as client:
        page = await client.get("/graphql", headers=BROWSER | ADA)
        assert (page.status_code, page.json()["errors"][0]["extensions"]) == (
            400,
            {"code": "BAD_REQUEST"},
        )
        for path in ("/graphql/assets/page.css", "/"):
            assert (await client.get(path)).status_code == 404
        for field in ("__schema { queryType { name } }", '__type(name: "Query") { name }'):
            answer = await client.post("/graphql", json={"query": f"{{ {field} }}"}, headers=ADA)
            assert set(answer.json()) == {"errors"}
            codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
            assert codes == {"GRAPHQL_VALIDATION_FAILED"}
        asked = {"query": "{ __typename viewer { __typename name } }"}
        answer = await client.post("/graphql", json=asked, headers=ADA)
        assert answer.json()["data"]["viewer"]["name"] == "Ada Lindqvist"


async def test_cursors_outlive_the_process(api: Api, tmp_path: Path):
    """A cursor opens in another process with the same keys, and in none with others."""
    text = {"query": "query P($a: String) { viewer { matches(first: 1, after: $a) "
            "{ nodes { id } pageInfo { endCursor } } } }"}  # fmt: skip
    async with _client(api, tmp_path, Mode.PRODUCTION) as one:
        page = (await one.post("/graphql", json=text, headers=ADA)).json()["data"]["viewer"]
    after = {"variables": {"a": page["matches"]["pageInfo"]["endCursor"]}}
    async with _client(api, tmp_path, Mode.PRODUCTION) as two:
        assert "errors" not in (await two.post("/graphql", json=text | after, headers=ADA)).json()
    async with _client(api, tmp_path / "other", Mode.PRODUCTION) as three:
        assert "errors" in (await three.post("/graphql", json=text | after, headers=ADA)).json()


def test_without_the_files(tmp_path: Path):
    """Where GraphiQL was not fetched, a plain page of ours is shown."""
    plain = Explorer.found(tmp_path)
    assert plain.html == (graphiql.OWN / "explorer.html").read_text("utf-8")
    for package in graphiql.PACKAGES:
        for name in package.files:
            (tmp_path / Path(name).name).write_text("//")
    whole = Explorer.found(tmp_path)
    assert whole.html == (graphiql.OWN / "graphiql.html").read_text("utf-8")
    assert set(whole.files) - set(plain.files) == {
        "graphiql.min.js", "graphiql.min.css", "react.production.min.js",
        "react-dom.production.min.js",
    }  # fmt: skip


def _npm(folder: Path, package: Package, content: bytes) -> Path:
    """Make an npm that brings this content."""
    made = folder / "package.tgz"
    with tarfile.open(made, "w:gz") as tar:
        info = tarfile.TarInfo("package/a.js")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\ncp {made} "$5/{package.name}-{package.version}.tgz"\n')
    npm.chmod(0o755)
    return made


def test_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What npm brings is used when it is what it should be, and not otherwise."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    wrong = Package("a", "1.0.0", "no", ("a.js",))
    made = _npm(tmp_path, wrong, b"// a")
    monkeypatch.setattr(graphiql, "PACKAGES", (wrong,))
    with pytest.raises(NotFetched, match=r"a@1\.0\.0 is not what it should be"):
        graphiql.fetch(tmp_path / "into")
    assert not (tmp_path / "into").exists()
    digest = base64.b64encode(hashlib.sha512(made.read_bytes()).digest()).decode()
    monkeypatch.setattr(graphiql, "PACKAGES", (Package("a", "1.0.0", digest, ("a.js",)),))
    graphiql.fetch(tmp_path / "into")
    assert (tmp_path / "into" / "a.js").read_text() == "// a"


def test_a_registry_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without npm, or without its registry, one is told so in a sentence."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NotFetched, match="npm could not bring graphiql"):
        graphiql.fetch(tmp_path / "into")
    monkeypatch.setattr(graphiql.shutil, "which", lambda *_, **__: None)
    with pytest.raises(NotFetched, match="There is no npm here"):
        graphiql.fetch(tmp_path / "into")
