"""How a request names a layer: by name or ARN, or a version of it by ARN. Pure.

AWS: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html (LayerName)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onebox.arn import make_arn
from onebox.services.context import RequestContext
from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.validation import broken, constraint_errors, length_at_most, must_match

_NAME_CHARACTERS_MAX = 140
_NAME_PATTERN = r"(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+"
_NAME = re.compile(
    r"(?:arn:[a-zA-Z0-9-]+:lambda:(?P<region>[a-zA-Z0-9-]+):(?P<account>[0-9]{12}):layer:)?(?P<name>[a-zA-Z0-9_-]+)"
)
VERSION_ARN_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:"
    r"[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
)
_VERSION_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-[0-9]):(?P<account>[0-9]{12}):"
    r"layer:(?P<name>[a-zA-Z0-9_-]+):(?P<number>[0-9]+)|arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9_-]+"
)
_NUMBER_MAX = 10**18
"""More than SQLite's integers hold is no version that there is."""


@dataclass(frozen=True, slots=True)
class LayerName:
    """A layer."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return make_arn("lambda", self.region, self.account, f"layer:{self.name}")

    def arn_of(self, number: int) -> str:
        """The ARN of a version."""
        return f"{self.arn}:{number}"


def parse_layer_name(context: RequestContext, text: str) -> LayerName:
    """The layer that a name or an ARN means. Raises ValidationException."""
    found = _NAME.fullmatch(text)
    problems = [] if found else [broken("layerName", text, must_match(_NAME_PATTERN))]
    if len(text) > _NAME_CHARACTERS_MAX:
        problems.append(broken("layerName", text, length_at_most(_NAME_CHARACTERS_MAX)))
    if found is None or problems:
        raise constraint_errors(problems)
    return LayerName(found["account"] or context.account, found["region"] or context.region, found["name"])


def find_version_arn(text: str) -> tuple[LayerName, int] | None:
    """The layer and the number in a version's ARN; AWS's own layers, which are nowhere else, have the number 0. None
    if it is no ARN of a version."""
    found = _VERSION_ARN.fullmatch(text)
    if found is None:
        return None
    if found["name"] is None:
        return LayerName("", "", text.rpartition(":")[2]), 0
    return LayerName(found["account"], found["region"], found["name"]), min(int(found["number"][:20]), _NUMBER_MAX)


def checked_number(number: int) -> int:
    """The number of a version. Raises InvalidParameterValueException if no version can have it."""
    if number < 1:
        raise InvalidParameterValueException("Layer Version Cannot be less than 1")
    return min(number, _NUMBER_MAX)
