"""A page of a stand-in, as a person sees it: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse, Response


def page(title: str, inside: str, *, service: str, style: str, status: int = 200) -> Response:
    """Draw a page around what is on it; it says that it stands in for the service."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return HTMLResponse(
        f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head>
<body><main><p class="note">Sandbox: this page stands in for {service}. No account is real.</p>
<h1>{escape(title)}</h1>
{inside}
</main></body></html>""",
        status,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}';"
                " base-uri 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
