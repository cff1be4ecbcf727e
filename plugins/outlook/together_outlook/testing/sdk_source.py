"""The classes of msgraph-sdk, read as Python source: none of it is imported."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

FRAME = frozenset({"APIError", "AdditionalDataHolder", "BackedModel", "Enum", "Parsable", "str"})
"""Bases that have nothing to do with what a class is."""

_COMMENTED = re.compile(r"^    # (.*)\n    (\w+): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the package, where it stands and what it says."""

    place: PurePosixPath
    source: str
    tree: ast.Module

    @property
    def body(self) -> ast.ClassDef:
        return next(node for node in self.tree.body if isinstance(node, ast.ClassDef))

    @property
    def name(self) -> str:
        return self.body.name

    @property
    def is_enum(self) -> bool:
        return any(isinstance(base, ast.Name) and base.id == "Enum" for base in self.body.bases)

    @property
    def bases(self) -> list[str]:
        """The models that this one derives from."""
        names = (base.id for base in self.body.bases if isinstance(base, ast.Name))
        return [name for name in names if name not in FRAME]

    @property
    def comments(self) -> dict[str, str]:
        """What is said of each attribute."""
        return {attribute: words for words, attribute in _COMMENTED.findall(self.source)}

    @property
    def url_template(self) -> str:
        strings = (node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant))
        return next(s for s in strings if isinstance(s, str) and s.startswith("{+baseurl}"))

    def function(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return next((n for n in self.body.body if isinstance(n, kinds) and n.name == name), None)

    def inner(self, name: str) -> ast.ClassDef | None:
        inside = (n for n in self.body.body if isinstance(n, ast.ClassDef))
        return next((n for n in inside if n.name == name), None)

    def imported(self, name: str) -> PurePosixPath:
        """Find the file of a class that this one names."""
        for node in ast.walk(self.tree):
            match node:
                case ast.ImportFrom(module=str(module), names=names, level=level) if level and any(
                    alias.name == name for alias in names
                ):
                    up = self.place.parents[level - 1]
                    return up.joinpath(*module.split(".")).with_suffix(".py")
        if self.name == name:
            return self.place
        raise ValueError(f"{self.place} imports no {name}")


@dataclass(slots=True)
class Source:
    """The package's files, each read once."""

    root: Traversable
    _read: dict[PurePosixPath, Class] = field(default_factory=dict)

    @classmethod
    def find(cls, place: str | None = None) -> Source | None:
        """Find the package in a wheel, in the folder it was unpacked to, or where it is installed.

        None where it is not installed.
        """
        if place is not None:
            path = Path(place)
            packed = path.suffix == ".whl"
            return cls(zipfile.Path(path, "msgraph/") if packed else path / "msgraph")
        spec = find_spec("msgraph")
        if spec is None or not spec.submodule_search_locations:
            return None
        return cls(Path(spec.submodule_search_locations[0]))

    @property
    def version(self) -> str:
        """The package's version."""
        return str(re.findall(r"\d[\d.]*", self._text(PurePosixPath("_version.py")))[0])

    def at(self, place: PurePosixPath) -> Class:
        if place not in self._read:
            source = self._text(place)
            self._read[place] = Class(place, source, ast.parse(source))
        return self._read[place]

    def builder(self, folder: str) -> Class:
        """Find the one class that knows a path's requests."""
        inside = self.root.joinpath("generated", *folder.split("/")).iterdir()
        (name,) = (one.name for one in inside if one.name.endswith("_request_builder.py"))
        return self.at(PurePosixPath("generated", folder, name))

    def line(self, model: Class) -> Iterator[str]:
        """Go through everything that a model derives from."""
        for base in model.bases:
            yield base
            yield from self.line(self.at(model.imported(base)))

    def _text(self, place: PurePosixPath) -> str:
        return self.root.joinpath(*place.parts).read_text("utf-8")
