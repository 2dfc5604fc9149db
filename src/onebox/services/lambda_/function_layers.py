"""The layers of a function: found, checked and written into its configuration.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import AccessDeniedException, InvalidParameterValueException
from onebox.services.lambda_.layer_names import VERSION_ARN_PATTERN, LayerName, find_version_arn
from onebox.services.lambda_.layer_policies import GET, check_other_account, compiled_policy
from onebox.services.lambda_.limits import LAYERS_MAX, UNZIPPED_BYTES_MAX
from onebox.services.lambda_.model import LayerVersion
from onebox.services.lambda_.validation import constraint_error, length_at_most, must_match

_ARN_CONSTRAINT = (
    f"Member must satisfy constraint: [{length_at_most(2048)}, Member must have length greater than or equal to 1, "
    f"{must_match(VERSION_ARN_PATTERN)}, Member must not be null]"
)


def with_layers(core: LambdaCore, context: RequestContext, request: Wire, configuration: Wire) -> Wire:
    """The configuration with the layers that the request names; as it is if the request names none. What the
    configuration has already needs no look: it stays, though the layer be deleted.

    Raises ValidationException, InvalidParameterValueException or AccessDeniedException."""
    if "Layers" not in request:
        return configuration
    arns: list[str] = request["Layers"]
    names = _parse(arns)
    if len(arns) > LAYERS_MAX:
        raise InvalidParameterValueException(f"Cannot reference more than {LAYERS_MAX} layers.")
    _check_regions(context, names)
    _check_distinct(arns, names)
    known = {layer["Arn"]: layer for layer in configuration.get("Layers", ())}
    layers = [
        known.get(arn) or _describe(_load(core, context, layer, number, arn))
        for arn, (layer, number) in zip(arns, names, strict=True)
    ]
    changed = {member: value for member, value in configuration.items() if member != "Layers"}
    return changed | {"Layers": layers} if layers else changed


def check_unzipped_size(core: LambdaCore, code_sha256: str, configuration: Wire) -> None:
    """Raise InvalidParameterValueException if code and layers are more than AWS unpacks."""
    layers = configuration.get("Layers")
    if not layers:
        return
    hashes = [code_sha256, *(layer["CodeSha256"] for layer in layers)]
    size = core.code.sum_unzipped_bytes(hashes)
    if size >= UNZIPPED_BYTES_MAX:
        raise InvalidParameterValueException(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES_MAX} bytes. The "
            f"actual size is {size} bytes."
        )


def _parse(arns: list[str]) -> list[tuple[LayerName, int]]:
    found = [find_version_arn(arn) for arn in arns]
    names = [name for name in found if name is not None]
    if len(names) != len(arns):
        raise constraint_error("layers", f"[{', '.join(arns)}]", _ARN_CONSTRAINT)
    return names


def _check_regions(context: RequestContext, names: list[tuple[LayerName, int]]) -> None:
    if any(layer.region != context.region for layer, number in names if number):
        raise InvalidParameterValueException(
            f"Layers are not in the same region as the function. Layers are expected to be in region {context.region}."
        )


def _check_distinct(arns: list[str], names: list[tuple[LayerName, int]]) -> None:
    seen: dict[LayerName, str] = {}
    for arn, (layer, _) in zip(arns, names, strict=True):
        if layer in seen:
            raise InvalidParameterValueException(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[layer]} and {arn} are versions of the same layer."
            )
        seen[layer] = arn


def _load(core: LambdaCore, context: RequestContext, layer: LayerName, number: int, arn: str) -> LayerVersion:
    version = core.layers.find(layer, number)
    if number:
        check_other_account(context, layer.account, arn, version)
    decision = core.iam.check(context, GET, [arn], find_resource_policy=lambda: compiled_policy(version))
    if not decision.allowed:
        raise AccessDeniedException(decision.reason)
    if version is None:
        raise InvalidParameterValueException(f"Layer version {arn} does not exist.")
    return version


def _describe(version: LayerVersion) -> Wire:
    return {"Arn": version.arn, "CodeSize": version.code_bytes, "CodeSha256": version.code_sha256}
