"""Which parameters a listing asks for: ParameterFilters, and the older Filters of DescribeParameters. Pure.

AWS: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onebox.errors import ValidationException
from onebox.services.context import Wire
from onebox.services.ssm.errors import InvalidFilterKey, InvalidFilterOption, InvalidFilterValue
from onebox.services.ssm.model import Parameter
from onebox.services.ssm.names import check_path, is_below

Test = Callable[[Parameter], bool]
_VALUES_MAX = 50
_FILTERS_MAX = 10
_FIELDS: dict[str, Callable[[Parameter], Sequence[str]]] = {
    "Name": lambda parameter: (parameter.name,),
    "Type": lambda parameter: (parameter.latest.type,),
    "KeyId": lambda parameter: (parameter.latest.key_id,) if parameter.latest.key_id else (),
    "Tier": lambda parameter: (parameter.latest.tier,),
    "DataType": lambda parameter: (parameter.latest.data_type,),
    "Label": lambda parameter: parameter.latest.labels,
}
_OPTIONS = {
    "Name": ("Equals", "BeginsWith", "Contains"),
    "KeyId": ("Equals", "BeginsWith"),
}


def compile_filters(filters: Sequence[Wire], keys: Sequence[str]) -> list[Test]:
    """A test for each filter; all must hold. ``keys`` are those that the operation knows, besides tags.

    Raises InvalidFilterKey, InvalidFilterOption, InvalidFilterValue or ValidationException.
    """
    if len(filters) > _FILTERS_MAX:
        raise ValidationException(f"At most {_FILTERS_MAX} filters are allowed.")
    return [_compile(written, keys) for written in filters]


def compile_old_filters(filters: Sequence[Wire]) -> list[Test]:
    """The older form, whose names begin with one of the values."""
    newer = []
    for written in filters:
        option = "BeginsWith" if written["Key"] == "Name" else "Equals"
        newer.append({"Key": written["Key"], "Option": option, "Values": written["Values"]})
    return compile_filters(newer, ("Name", "Type", "KeyId"))


def _compile(written: Wire, keys: Sequence[str]) -> Test:
    key, values = written["Key"], written.get("Values") or []
    if len(values) > _VALUES_MAX:
        raise InvalidFilterValue(f"A filter has at most {_VALUES_MAX} values.")
    if key.startswith("tag:"):
        return _tag_test(key[4:], values)
    if key not in keys:
        raise InvalidFilterKey(
            f"The following filter key is not valid: {key[:200]}. Valid filter keys include: [{', '.join(keys)}]"
        )
    if not values:
        raise InvalidFilterValue(f"The following filter values are missing : null for filter key {key}")
    if key == "Path":
        return _path_test(values, written.get("Option", "OneLevel"))
    return _field_test(key, values, written.get("Option", "Equals"))


def _field_test(key: str, values: list[str], option: str) -> Test:
    if option not in _OPTIONS.get(key, ("Equals",)):
        raise InvalidFilterOption(f"The following filter option is not valid: {option}.")
    field = _FIELDS[key]
    if option == "BeginsWith":
        beginnings = tuple(values)
        return lambda parameter: any(found.startswith(beginnings) for found in field(parameter))
    if option == "Contains":
        return lambda parameter: any(value in found for found in field(parameter) for value in values)
    # A name is found with and without the slash before it.
    wanted = {value.lstrip("/") for value in values} if key == "Name" else set(values)
    strip = "/" if key == "Name" else ""
    return lambda parameter: any((found.lstrip(strip) if strip else found) in wanted for found in field(parameter))


def _path_test(values: list[str], option: str) -> Test:
    if option not in ("OneLevel", "Recursive"):
        raise InvalidFilterOption(f"The following filter option is not valid: {option}.")
    paths = [check_path(value) for value in values]
    recursive = option == "Recursive"
    return lambda parameter: any(is_below(parameter.name, path, recursive=recursive) for path in paths)


def _tag_test(name: str, values: list[str]) -> Test:
    if not values:
        return lambda parameter: name in parameter.tags
    wanted = set(values)
    return lambda parameter: parameter.tags.get(name) in wanted
