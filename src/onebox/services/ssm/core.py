"""What every operation of the Parameter Store works with."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.ids import Ids
from onebox.services.context import Deps, RequestContext
from onebox.services.ssm.errors import ParameterNotFound, ParameterVersionNotFound
from onebox.services.ssm.model import Parameter, ParameterVersion
from onebox.services.ssm.names import parse_name, parse_reference
from onebox.services.ssm.store.parameters import ParameterStore


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :func:`make_core`."""

    ids: Ids
    parameters: ParameterStore


def make_core(deps: Deps) -> Core:
    """The parts, put together."""
    return Core(deps.ids, ParameterStore(deps.storage))


def load_parameter(core: Core, context: RequestContext, name: str) -> Parameter:
    """A parameter by name or ARN. Raises ParameterNotFound."""
    parameter = core.parameters.find(context.account, context.region, parse_name(name))
    if parameter is None:
        raise ParameterNotFound
    return parameter


def load_version(core: Core, context: RequestContext, text: str) -> tuple[Parameter, ParameterVersion]:
    """The version that ``name``, ``name:version`` or ``name:label`` means. Raises ParameterNotFound or
    ParameterVersionNotFound."""
    reference = parse_reference(text)
    parameter = load_parameter(core, context, reference.name)
    if reference.selector is None:
        return parameter, parameter.latest
    if reference.version is not None:
        version = core.parameters.find_version(parameter, reference.version)
    else:
        versions = core.parameters.list_versions(parameter)
        version = next((one for one in versions if reference.selector in one.labels), None)
    if version is None:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {reference.selector} of {reference.name}. Verify the version and"
            " try again."
        )
    return parameter, version
