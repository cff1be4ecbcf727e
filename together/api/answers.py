"""The page that the link of an invitation opens: only its buttons change anything.

Mail programs and scanners fetch links before anybody reads them.
"""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from together.domain.texts import one_line
from together.providers.values import Answer
from together.services.outbox.answer_links import PATH
from together.services.outbox.letters import listed, moment
from together.services.refusals import AnswersClosed, TooManySessions
from together.services.sessions.answering import Answering, Question
from together.store.outage import is_outage

LONGEST = 1024
"""Bytes of an answer."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Together</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto }}
body {{ max-width: 40rem; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem; margin: 0 .5rem .5rem 0 }}
</style>
<h1>{heading}</h1>
{rest}
</html>
"""
_BUTTONS = {
    Answer.ACCEPTED: "I come",
    Answer.TENTATIVE: "Perhaps",
    Answer.DECLINED: "I do not come",
}
_SAID = {
    Answer.NEEDS_ACTION: "You have not said yet whether you come.",
    Answer.ACCEPTED: "You have said that you come.",
    Answer.TENTATIVE: "You have said that you may come.",
    Answer.DECLINED: "You have said that you do not come.",
}


def answers_route(answering: Answering) -> Route:
    """Make the address of every answer: ``/answers/<token>``."""

    async def answer(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            if request.method != "POST":
                return _asked(await answering.asked(token))
            said = await _said(request)
            if said is None:
                return _page("This answer cannot be read", "<p>Go back and try again.</p>", 400)
            await answering.answer(token, said)
        except AnswersClosed as closed:
            return _closed(closed.message)
        except TooManySessions as often:
            return _page("Not now", f"<p>{escape(often.message)}</p>", status=429)
        except Exception as error:
            if not is_outage(error):
                raise
            return _page(
                "This page cannot be shown yet", "<p>Load it again in a minute.</p>", status=503
            )
        # Whoever loads the next page again answers nothing again.
        return RedirectResponse(token, status_code=303, headers=_HEADERS)

    return Route(f"{PATH}/{{token}}", answer, methods=["GET", "POST"])


async def _said(request: Request) -> Answer | None:
    """Read the one button that was pressed; None of anything else."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True)
    except ValueError:
        return None
    if [name for name, _ in pairs] != ["answer"]:
        return None
    return {each.value: each for each in _BUTTONS}.get(pairs[0][1])


def _asked(question: Question) -> Response:
    when = moment(question.starts, zone=question.receiver.zone)
    others = f" with {listed(question.others)}" if question.others else ""
    buttons = "\n".join(
        f'<button name="answer" value="{answer.value}">{words}</button>'
        for answer, words in _BUTTONS.items()
    )
    said = [
        f"{question.receiver.name}, do you come to this session{others}?",
        f"{when}, for {question.organization}.",
        _SAID[question.answer],
    ]
    paragraphs = "\n".join(f"<p>{escape(one_line(each))}</p>" for each in said)
    # Without an action, a form is posted to its own page.
    form = f'<form method="post">\n{buttons}\n</form>'
    return _page(escape(one_line(question.title)), f"{paragraphs}\n{form}")


def _closed(words: str) -> Response:
    """Say it in the same words of every link that does not count, also of one never made."""
    return _page("This link does not count any more", f"<p>{escape(words)}</p>", status=404)


def _page(heading: str, rest: str, status: int = 200) -> Response:
    text = _PAGE.format(heading=heading, rest=rest)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)
