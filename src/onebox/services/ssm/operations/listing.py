"""Listing parameters: by path with their values, or by filters with what describes them."""

from __future__ import annotations

from collections.abc import Callable

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token
from onebox.services.ssm.core import Core
from onebox.services.ssm.filters import Test, compile_filters, compile_old_filters
from onebox.services.ssm.limits import BY_PATH_PAGE_MAX, PAGE_MAX, SCANNED_PER_PAGE_MAX
from onebox.services.ssm.model import Parameter
from onebox.services.ssm.names import check_path, is_below
from onebox.services.ssm.operations.reading import shown_metadata, shown_parameter
from onebox.services.ssm.validation import invalid_token, page_limit

_BY_PATH_KEYS = ("Type", "KeyId", "Label")
_DESCRIBE_KEYS = ("Path", "Name", "Type", "KeyId", "Tier", "DataType", "Label")


def get_parameters_by_path(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The parameters below a path, with their values."""
    path, recursive = check_path(request["Path"]), bool(request.get("Recursive"))
    tests = compile_filters(request.get("ParameterFilters") or [], _BY_PATH_KEYS)
    tests.append(lambda parameter: is_below(parameter.name, path, recursive=recursive))
    decrypted = bool(request.get("WithDecryption"))

    def show(parameter: Parameter) -> Wire:
        return shown_parameter(parameter, parameter.latest, decrypted=decrypted)

    return _page(core, context, request, tests, show, most=BY_PATH_PAGE_MAX, prefix=f"{path}/")


def describe_parameters(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The parameters that fit all filters, without their values."""
    if request.get("Filters") and request.get("ParameterFilters"):
        raise ValidationException("You can use either Filters or ParameterFilters in a single request.")
    tests = compile_old_filters(request.get("Filters") or [])
    tests += compile_filters(request.get("ParameterFilters") or [], _DESCRIBE_KEYS)

    def show(parameter: Parameter) -> Wire:
        return {"Name": parameter.name, "ARN": parameter.arn, **shown_metadata(parameter.latest)}

    return _page(core, context, request, tests, show, most=PAGE_MAX, prefix="")


def _page(
    core: Core,
    context: RequestContext,
    request: Wire,
    tests: list[Test],
    show: Callable[[Parameter], Wire],
    *,
    most: int,
    prefix: str,
) -> Wire:
    """One page in the order of names. It looks at a bounded number of parameters, so it may be short, or empty."""
    limit = page_limit(request, most)
    place = read_token(request.get("NextToken"), invalid_token, str)
    after = place[0] if place else ""
    candidates = core.parameters.list_after(context.account, context.region, after, prefix, SCANNED_PER_PAGE_MAX)
    shown: list[Wire] = []
    for number, parameter in enumerate(candidates, 1):
        if all(test(parameter) for test in tests):
            shown.append(show(parameter))
        is_last = number == len(candidates) < SCANNED_PER_PAGE_MAX
        if is_last:
            break
        if len(shown) == limit or number == len(candidates):
            return {"Parameters": shown, "NextToken": make_token(parameter.name)}
    return {"Parameters": shown}
