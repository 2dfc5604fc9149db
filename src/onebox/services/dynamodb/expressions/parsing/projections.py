"""Projection expressions: paths with commas between.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
"""

from __future__ import annotations

from functools import lru_cache

from onebox.services.dynamodb.expressions.lexer import ExpressionTokens
from onebox.services.dynamodb.expressions.nodes import Path
from onebox.services.dynamodb.expressions.parsing.findings import Fault, Findings
from onebox.services.dynamodb.expressions.parsing.paths import PathParser
from onebox.services.dynamodb.limits import EXPRESSION_CACHE_ENTRIES


@lru_cache(maxsize=EXPRESSION_CACHE_ENTRIES)
def parse_projection(text: str) -> tuple[Path, ...]:
    """The paths of a projection. Raises ExpressionError."""
    stream, findings = ExpressionTokens(text), Findings()
    parser = PathParser(stream, findings, Fault.RESERVED_WORD)
    paths = [parser.parse()]
    while stream.take_symbol(","):
        paths.append(parser.parse())
    stream.expect_end()
    findings.raise_first()
    return tuple(paths)
