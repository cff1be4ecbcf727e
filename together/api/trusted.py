"""Trusted documents: what a frontend asks is known beforehand, and named by its hash.

A list of them protects only where nothing else is accepted; without that it saves bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import GraphQLError

from together.api.wire import Asked, Refused


class Trusted:
    """The documents of the manifest, and whether others are accepted beside them."""

    def __init__(self, documents: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self._documents, self._only = dict(documents or {}), only
        self._texts = frozenset(self._documents.values())

    def text(self, asked: Asked) -> str | None:
        """Give the document that a request names, or brings along."""
        if asked.document_id is None:
            return asked.query
        if not self._documents:
            raise Refused(
                400,
                "No documents are known here by a hash. Send the document as `query`.",
                code="PERSISTED_QUERY_NOT_SUPPORTED",
            )
        known = self._documents.get(asked.document_id)
        if known is None:
            raise Refused(
                400, "No document is known here by this hash.", code="PERSISTED_QUERY_NOT_FOUND"
            )
        return known

    def check(self, text: str) -> None:
        """Refuse a document that is not trusted, where only those are accepted."""
        if self._only and text not in self._texts:
            raise GraphQLError(
                "Only the documents of this installation's list are accepted. Send the hash of "
                "one of them as `documentId`.",
                extensions={"code": "PERSISTED_QUERY_ID_REQUIRED"},
            )
