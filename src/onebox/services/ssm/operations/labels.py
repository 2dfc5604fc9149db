"""Labels: names for versions of a parameter. A label is on one version at a time."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.ssm.core import Core, load_parameter
from onebox.services.ssm.errors import ParameterVersionLabelLimitExceeded, ParameterVersionNotFound
from onebox.services.ssm.limits import LABELS_PER_VERSION_MAX
from onebox.services.ssm.model import Parameter, ParameterVersion
from onebox.services.ssm.validation import is_label


def label_parameter_version(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Put labels on a version, and take them from the version that had them."""
    parameter = load_parameter(core, context, request["Name"])
    version = _load_version(core, parameter, request.get("ParameterVersion", parameter.latest.version))
    labels = list(dict.fromkeys(request["Labels"]))
    valid = [label for label in labels if is_label(label)]
    wanted = tuple(dict.fromkeys((*version.labels, *valid)))
    if len(wanted) > LABELS_PER_VERSION_MAX:
        raise ParameterVersionLabelLimitExceeded(
            f"A version of a parameter can have at most {LABELS_PER_VERSION_MAX} labels."
        )
    for other in core.parameters.list_versions(parameter):
        if other.version != version.version and not set(valid).isdisjoint(other.labels):
            kept = tuple(label for label in other.labels if label not in valid)
            core.parameters.set_labels(parameter, other.version, kept)
    core.parameters.set_labels(parameter, version.version, wanted)
    return {"InvalidLabels": [label for label in labels if label not in valid], "ParameterVersion": version.version}


def unlabel_parameter_version(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Take labels off a version."""
    parameter = load_parameter(core, context, request["Name"])
    version = _load_version(core, parameter, request["ParameterVersion"])
    labels = list(dict.fromkeys(request["Labels"]))
    kept = tuple(label for label in version.labels if label not in labels)
    core.parameters.set_labels(parameter, version.version, kept)
    removed = [label for label in labels if label in version.labels]
    return {"RemovedLabels": removed, "InvalidLabels": [label for label in labels if label not in removed]}


def _load_version(core: Core, parameter: Parameter, number: int) -> ParameterVersion:
    version = core.parameters.find_version(parameter, number)
    if version is None:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {number} of {parameter.name}. Verify the version and try again."
        )
    return version
