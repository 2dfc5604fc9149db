"""SEARCH(): the metrics that a text means: ``{AWS/SQS,QueueName} MetricName="NumberOfMessagesSent" order*``.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onebox.services.cloudwatch.metric_math.values import MathError
from onebox.services.cloudwatch.model import MetricId
from onebox.services.cloudwatch.store.metrics import MetricStore

_SCHEMA = re.compile(r"\s*\{\s*([^}]*)\}\s*")
_TERM = re.compile(r'\s*(?:(?P<key>[\w:]+)\s*=\s*)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"=()]+))')
_TOKEN_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FOUND_MAX = 100
_SCAN_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Search:
    namespace: str | None
    dimension_names: frozenset[str] | None
    """Exactly these dimensions; None: any."""
    terms: tuple[tuple[str | None, str, bool], ...]
    """(property or None for any, text, exact)."""


def parse_search(text: str) -> Search:
    """Raises MathError for what is not understood; terms are joined by AND."""
    schema = _SCHEMA.match(text)
    namespace, names = None, None
    if schema:
        first, *rest = (part.strip().strip('"') for part in schema[1].split(","))
        namespace, names = first, frozenset(rest)
        text = text[schema.end() :]
    terms: list[tuple[str | None, str, bool]] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None or term["word"] in ("OR", "NOT"):
            raise MathError("SEARCH understands a schema and terms joined by AND")
        if term["word"] != "AND":
            exact = term["phrase"] is not None
            terms.append((term["key"], term["phrase"] if exact else term["word"], exact))
        place = term.end()
    return Search(namespace, names, tuple(terms))


def find_metrics(store: MetricStore, search: Search, account: str, region: str) -> list[MetricId]:
    """The first 100 metrics that match, among the first few thousand of the namespace."""
    rows = store.list_metrics(
        account, region, namespace=search.namespace, name=None, since_ms=0, after=("", "", ""), limit=_SCAN_MAX
    )
    found: list[MetricId] = []
    for namespace, name, dimensions, _ in rows:
        metric = MetricId(account, region, namespace, name, dimensions)
        if len(found) < _FOUND_MAX and _matches(metric, search):
            found.append(metric)
    return found


def _matches(metric: MetricId, search: Search) -> bool:
    properties = {"Namespace": metric.namespace, "MetricName": metric.name, **dict(metric.dimensions)}
    if search.dimension_names is not None and {name for name, _ in metric.dimensions} != search.dimension_names:
        return False
    return all(
        any(
            _has(text, wanted, exact)
            for name, text in properties.items()
            if key is None or key == name or name.startswith(key + ":")
        )
        for key, wanted, exact in search.terms
    )


def _has(text: str, wanted: str, exact: bool) -> bool:
    if exact:
        return text == wanted
    return wanted.lower() == text.lower() or wanted.lower() in {part.lower() for part in _tokens(text)}


def _tokens(text: str) -> list[str]:
    """The words of a name, as SEARCH matches them: at capitals, digits and signs."""
    return [*re.split(r"[^A-Za-z0-9]+", text), *_TOKEN_PARTS.findall(text)]
