"""What README tells people to type is typed, and does what README says."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import together_google.testing as google
import together_outlook.testing as outlook

from tests.demo_process import ask, command, demo, free_port
from together.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ELIN = "elin@saltmarsh.example.org"


def section(title: str) -> str:
    return re.search(rf"^## {title}\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)[1]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


WALKS = {"google": google.walk_consent, "outlook": outlook.walk_consent}


@pytest.mark.parametrize("slug", WALKS)
async def test_a_calendar_is_connected_as_readme_says(demo_folder: Path, slug: str) -> None:
    """The two mutations, and the consent between them, connect Elin's calendar in the demo."""
    port = free_port()
    start, complete = blocks(section("Connecting a calendar"), "graphql")
    with demo(demo_folder, port) as (_, printed):
        home = f"http://127.0.0.1:{port}"
        token = elins_token(printed)
        started = ask(
            port, token, start.replace("http://127.0.0.1:8000", home).replace("outlook", slug)
        )
        url = started["data"]["startCalendarConnection"]["authorizationUrl"]
        async with httpx.AsyncClient() as browser:
            callback = await WALKS[slug](browser, url, account=ELIN)
            back = (await browser.get(callback)).headers["location"]
            assert back.startswith(f"{home}/connected?handle=")
            page = await browser.get(back)
        handle = parse_qs(urlsplit(back).query)["handle"][0]
        assert (page.status_code, handle in page.text) == (200, True)
        done = ask(port, token, complete, handle=handle)
        assert done["data"]["completeCalendarConnection"] == {
            "calendarIntegration": {"state": "ACTIVE", "account": ELIN, "canWrite": True}
        }
        again = ask(port, token, complete, handle=handle)["data"]["completeCalendarConnection"]
        assert again["code"] == "CONSENT_NOT_FOUND"


def elins_token(printed: str) -> str:
    """Make one with the command that the demo prints."""
    said = re.search(r"One for anybody else: +\S+ (token .*)$", printed, re.MULTILINE)[1]
    words = command(*shlex.split(said.replace("ben@", "elin@")))
    ended = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    return ended.stdout.strip()


def test_the_printed_command_takes_google_down(demo_folder: Path) -> None:
    """What the demo prints for curl switches the stand-in off, and back on with `false`."""
    port = free_port()
    with demo(demo_folder, port) as (process, printed):
        line = re.search(r"^  (curl -X POST \S+/_control .*)$", printed, re.MULTILINE)[1]
        _curl, _x, method, url, _h, header, _d, body = shlex.split(line)
        for wanted, content in ((True, body), (False, body.replace("true", "false"))):
            reply = _sent(method, url, dict([header.split(": ")]), content)
            assert reply["switches"]["down"] is wanted
        assert process.poll() is None


def _sent(method: str, url: str, headers: dict[str, str], content: str) -> dict:
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(transport=transport) as http:
        return http.request(method, url, headers=headers, content=content).json()


def test_an_installation_is_made_as_readme_says(together, environ, tmp_path: Path) -> None:
    """The `.env`, the members and the commands of README make what the doctor calls healthy."""
    text = section("Serving people")
    [dotenv], [members] = blocks(text, "sh"), blocks(text, "csv")
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "members.csv").write_text(members)
    lines = re.findall(r"^    \.venv/bin/together (.*)$", text, re.MULTILINE)
    *made, doctor, serve = [shlex.split(line) for line in lines]
    for words in made:
        assert (words, together(*words)[0]) == (words, 0)
    assert (doctor, serve) == (["doctor"], ["serve"])
    code, out, _ = together("doctor", "--offline")
    assert (code, out.splitlines()[-1]) == (0, "Nothing is wrong.")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert together("serve", "--port", port) == (
            1,
            "",
            f"together: Port {port} is taken. End what listens there, or choose another one.\n",
        )


def test_the_proxy_of_readme_reaches_the_server() -> None:
    """The reverse proxy speaks for the public name, and to where `serve` listens by default."""
    text = section("Serving people")
    [dotenv] = blocks(text, "sh")
    name = re.search(r"^TOGETHER_PUBLIC_URL=https://(.*)$", dotenv, re.MULTILINE)[1]
    settings = Settings.read({})
    proxy = f"    {name} {{\n        reverse_proxy {settings.host}:{settings.port}\n    }}\n"
    assert proxy in text
