"""GET /rules and /rules/NAME: what each rule is about and what to do, by the thresholds of the settings."""

from collections.abc import Iterable, Iterator
from html import escape

from aiohttp import web

from alerts.rules.explained import Explained, explained
from alerts.rules.rule import Rule
from alerts.thresholds import Thresholds

# Read on a phone at night.
_STYLE = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem}"
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title}</title><style>{style}</style><h1>{title}</h1>{body}</html>"
)


class RulePages:
    """The routes; `rules` are the built-in ones and those of the settings."""

    def __init__(self, rules: Iterable[Rule], thresholds: Thresholds) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._thresholds = thresholds

    def routes(self) -> tuple[web.RouteDef, ...]:
        return web.get("/rules", self._all), web.get("/rules/{name}", self._one)

    async def _all(self, _: web.Request) -> web.Response:
        names = "".join(f'<li><a href="/rules/{escape(name)}">{escape(name)}</a></li>' for name in sorted(self._rules))
        return _page("Rules", f"<ul>{names}</ul>")

    async def _one(self, request: web.Request) -> web.Response:
        rule = self._rules.get(request.match_info["name"])
        if rule is None:
            return _page("No such rule", '<p>There is no rule of that name. <a href="/rules">All rules</a></p>', 404)
        return _page(rule.name, "".join(_lines(explained(rule, self._thresholds))))


def _lines(one: Explained) -> Iterator[str]:
    yield f"<p><em>{escape(one.what)}</em></p>"
    yield f"<h2>Why</h2><p>{escape(one.why)}</p><h2>What to do</h2><p>{escape(one.mend)}</p><h2>When it fires</h2><ul>"
    for name, value in one.thresholds:
        yield f"<li>{escape(name)}: {escape(value)}</li>"
    yield f"<li>for: {escape(one.holds)}</li><li>severity: {escape(one.severity)}</li></ul>"


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = _PAGE.format(title=escape(title), style=_STYLE, body=body)
    return web.Response(text=text, status=status, content_type="text/html")
