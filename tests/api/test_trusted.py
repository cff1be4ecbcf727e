"""Trusted documents: named by their hashes, and alone where the operator wants it so."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.api.conftest import Api
from together.api import wire
from together.api.context import Context
from together.api.documents import Documents
from together.api.pages import Cursors
from together.api.routes import api_routes
from together.api.schema import build
from together.api.trusted import Trusted
from together.services.signing_in.viewer import Viewer
from together.settings import Settings
from together.store.keys import make_key_file

NAME = "query Name { viewer { name } }"
BOTH = "query A { viewer { name } } query B($i: ID!) { node(id: $i) { id } }"
RENAME = 'mutation R { updateProfile(input: {name: "X"}) { __typename } }'
ADA = {"Authorization": "Bearer ada"}
GET = ADA | {"GraphQL-Require-Preflight": "1"}
ANSWER = {"data": {"viewer": {"name": "Ada Lindqvist"}}}


def hashed(document: str) -> str:
    return f"sha256:{hashlib.sha256(document.encode()).hexdigest()}"


MANIFEST = {hashed(each): each for each in (NAME, BOTH, RENAME)} | {"older": NAME}


@pytest.fixture
def dialect() -> str:
    """Nothing here depends on the kind of database."""
    return "sqlite"


@pytest.fixture
def serve(api: Api, tmp_path: Path):
    """The API as it is served with these documents."""
    keys = tmp_path / "keys" / "together.txt"
    make_key_file(keys)

    def made(documents: dict[str, str], *, only: bool) -> httpx.AsyncClient:
        settings = Settings(keys=keys, documents=documents, documents_only=only)
        app = Starlette(routes=list(api_routes(api.services, settings)))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="https://together.example.org"
        )

    return made


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status and the one error's code."""
    [error] = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


@pytest.mark.parametrize("only", [False, True])
async def test_a_document_by_its_hash(serve, only: bool):
    """A document of the list runs by its hash, by POST and by GET, as if it had been sent."""
    async with serve(MANIFEST, only=only) as client:
        for asked in (
            {"documentId": hashed(NAME)},
            {"documentId": "older", "query": ""},
            {"documentId": hashed(BOTH), "operationName": "A"},
        ):
            posted = await client.post("/graphql", json=asked, headers=ADA)
            got = await client.get("/graphql", params=asked, headers=GET)
            assert (posted.json(), got.json()) == (ANSWER, ANSWER)
        node: dict[str, Any] = {"documentId": hashed(BOTH), "operationName": "B"}
        posted = await client.post(
            "/graphql", json=node | {"variables": {"i": "nothing"}}, headers=ADA
        )
        got = await client.get(
            "/graphql", params=node | {"variables": '{"i": "nothing"}'}, headers=GET
        )
        assert posted.json() == got.json() == {"data": {"node": None}}


@pytest.mark.parametrize("only", [False, True])
async def test_what_a_hash_does_not_change(serve, only: bool):
    """A hash opens no way around anything: each refusal is the one of the document itself."""
    async with serve(MANIFEST, only=only) as client:
        rename = {"documentId": hashed(RENAME)}
        by_get = await client.get("/graphql", params=rename, headers=GET)
        assert (by_get.status_code, by_get.headers["allow"]) == (405, "POST")
        bare = await client.get("/graphql", params={"documentId": hashed(NAME)}, headers=ADA)
        assert told(bare) == (400, "BAD_REQUEST")
        stranger = await client.post("/graphql", json={"documentId": hashed(NAME)})
        assert told(stranger) == (401, "UNAUTHENTICATED")
        unclear = await client.post(
            "/graphql",
            json={"documentId": hashed(BOTH)},
            headers=ADA | {"Accept": wire.MODERN},
        )
        assert told(unclear) == (400, "OPERATION_RESOLUTION_FAILURE")


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize(
    "name",
    ["nothing", hashed("{ viewer { id } }"), hashed(NAME).upper(), hashed(NAME)[7:], "older "],
)
async def test_an_unknown_hash(serve, only: bool, name: str):
    """A hash that is not in the list, letter by letter, is one error, and nothing runs."""
    async with serve(MANIFEST, only=only) as client:
        for answer in (
            await client.post("/graphql", json={"documentId": name}, headers=ADA),
            await client.get("/graphql", params={"documentId": name}, headers=GET),
        ):
            assert told(answer) == (400, "PERSISTED_QUERY_NOT_FOUND")


async def test_without_a_list(serve):
    """Where there is no list, a client is told to send the document."""
    async with serve({}, only=False) as client:
        answer = await client.post("/graphql", json={"documentId": hashed(NAME)}, headers=ADA)
        assert told(answer) == (400, "PERSISTED_QUERY_NOT_SUPPORTED")
        assert (await client.post("/graphql", json={"query": NAME}, headers=ADA)).json() == ANSWER


@pytest.mark.parametrize(
    "document",
    ["{ viewer { name } }", NAME + " ", "{ __schema { types { name } } }", "{", "query { }"],
)
async def test_only_those(serve, document: str):
    """Where only the list is accepted, any other document is refused unread; without that it is
    not, and a listed one may be sent in full.
    """
    async with serve(MANIFEST, only=True) as client:
        headers = ADA | {"Accept": wire.MODERN}
        answer = await client.post("/graphql", json={"query": document}, headers=headers)
        assert told(answer) == (400, "PERSISTED_QUERY_ID_REQUIRED")
        asked = {"query": document}
        got = await client.get("/graphql", params=asked, headers=headers | GET)
        assert told(got) == (400, "PERSISTED_QUERY_ID_REQUIRED")
        assert (await client.post("/graphql", json={"query": NAME}, headers=ADA)).json() == ANSWER
    async with serve(MANIFEST, only=False) as client:
        answer = await client.post("/graphql", json={"query": document}, headers=ADA)
        assert "PERSISTED_QUERY_ID_REQUIRED" not in answer.text


async def test_on_every_transport(api: Api):
    """The schema itself refuses what is not in the list, whoever hands it over."""
    schema = build(Documents(trusted=Trusted(MANIFEST, only=True)))
    viewer = Viewer.of(api.world.people["ada"])
    context = Context.of(api.services, viewer, Cursors(b"c" * 32))
    assert (await schema.execute(NAME, context_value=context)).data == ANSWER["data"]
    refused = await schema.execute("{ viewer { name } }", context_value=context)
    assert [error.extensions for error in refused.errors or ()] == [
        {"code": "PERSISTED_QUERY_ID_REQUIRED"}
    ]


def problems(environ: dict[str, str]) -> list[str]:
    from together.settings import BadSettings

    with pytest.raises(BadSettings) as caught:
        Settings.read(environ, installed=set())
    return list(caught.value.problems)


def test_the_settings(tmp_path: Path):
    """The list is read from a file, once, at the start."""
    path = tmp_path / "persisted-documents.json"
    path.write_text(json.dumps(MANIFEST))
    environ = {"TOGETHER_DOCUMENTS": str(path)}
    for said, only in ({}, False), ({"TOGETHER_DOCUMENTS_ONLY": "Yes"}, True):
        read = Settings.read(environ | said, installed=set())
        assert (read.documents, read.documents_only) == (MANIFEST, only)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "this is not JSON. Let graphql-codegen write it again."),
        ("[" * 100_000, "this is not JSON. Let graphql-codegen write it again."),
        ("[]", "this is not an object of documents by their hashes."),
        ("{}", "there is no document in it."),
        ('{"": "{ a }"}', "'' is no hash."),
        ('{"a": 7}', "'a' is not the hash of a document, which is a text."),
        ('{"a": " "}', "'a' is not the hash of a document, which is a text."),
        ('{"a": "{ a }", "a": "{ b }"}', "'a' stands there twice."),
        ('{"sha256:00": "{ a }"}', "'sha256:00' is not the hash of its document."),
        ('{"sha256:00": "\\ud800"}', "'sha256:00' is the hash of no text that can be written."),
    ],
)
def test_a_list_that_is_wrong(tmp_path: Path, text: str, words: str):
    """A list that is none, or whose hashes are others', is told before anything starts."""
    path = tmp_path / "persisted-documents.json"
    path.write_text(text)
    assert problems({"TOGETHER_DOCUMENTS": str(path)}) == [f"TOGETHER_DOCUMENTS: {words}"]


def test_settings_that_are_wrong(tmp_path: Path):
    """A file that is not there, one that is none, and a word that is neither yes nor no."""
    needed = "Set it to the path of the manifest of documents that graphql-codegen wrote."
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "nothing.json", tmp_path, binary):
        assert problems({"TOGETHER_DOCUMENTS": str(path)}) == [
            f"TOGETHER_DOCUMENTS names the file {str(path)!r}, which cannot be read. {needed}"
        ]
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    assert problems({"TOGETHER_DOCUMENTS": str(large)}) == [
        f"TOGETHER_DOCUMENTS: {str(large)!r} is longer than 16777216 bytes."
    ]
    assert problems({"TOGETHER_DOCUMENTS_ONLY": "maybe"}) == [
        "TOGETHER_DOCUMENTS_ONLY is 'maybe'. Set it to yes, to accept the documents of the "
        "manifest and no others, or no."
    ]
    assert problems({"TOGETHER_DOCUMENTS_ONLY": "yes"}) == [
        "TOGETHER_DOCUMENTS_ONLY is yes, and TOGETHER_DOCUMENTS is not set. Set that to the path "
        "of the manifest of documents that graphql-codegen wrote."
    ]
