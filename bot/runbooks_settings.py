"""The settings' [runbooks]: where an alert's card leads whoever has to do something about it."""

from collections.abc import Iterator, Mapping, Sequence

from bot.settings_mistakes import Mistake, nearest

BASE = "base"
# For the template of the settings.
EXAMPLE = """\
# Where an alert's card leads: a page of your own by the rule's name; under `base` those that have none. Without either
# it is Understudy's own text, /rules/NAME under http.url. docs/incidents.md
# [runbooks]
# base = "https://wiki.example.org/runbooks"         # then primary_down is at .../runbooks/primary_down
# replay_lag = "https://wiki.example.org/how-to-mend-lag"
"""


def runbook_of(runbooks: Mapping[str, str], own_url: str | None, rule: str) -> str | None:
    """The address for that rule; None where nothing says where Understudy's own pages are reached."""
    if rule in runbooks:
        return runbooks[rule]
    if BASE in runbooks:
        return f"{runbooks[BASE].rstrip('/')}/{rule}"
    return f"{own_url.rstrip('/')}/rules/{rule}" if own_url else None


def mistakes_in_runbooks(raw: object, http: object, rules: Sequence[str]) -> Iterator[Mistake]:
    """Over the raw values. `http` is that section, `rules` the names of all rules."""
    if isinstance(http, Mapping):
        yield from _address("http.url", http.get("url"))
    if not isinstance(raw, Mapping):
        return
    for name, url in raw.items():
        if name != BASE and name not in rules:
            found = nearest(str(name), (*rules, BASE))
            right = f"did you mean {found!r}?" if found else "`understudy rules list` has all of them"
            yield Mistake(f"runbooks.{name}", "is no rule", right)
        yield from _address(f"runbooks.{name}", url)


def _address(key: str, url: object) -> Iterator[Mistake]:
    """What is no text at all is said by the shape."""
    if not isinstance(url, str):
        return
    if not url.startswith(("https://", "http://")) or any(c.isspace() or c in "<>|" for c in url):
        yield Mistake(key, "is no URL", 'write one that begins with "https://", without spaces')
