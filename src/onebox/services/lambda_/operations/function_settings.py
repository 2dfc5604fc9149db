"""Settings that are stored and shown: recursive loops, runtime management.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html and
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.model import LATEST
from onebox.services.lambda_.validation import constraint_error, must_be_one_of

_LOOPS = ("Terminate", "Allow")
_UPDATES = ("Auto", "Manual", "FunctionUpdate")


def get_function_recursion_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """What becomes of a function that calls itself in a loop; onebox finds no loops."""
    key = core.load_unqualified(context, request["FunctionName"]).key
    return core.settings_of_functions.find(key, "recursion") or {"RecursiveLoop": "Terminate"}


def put_function_recursion_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Store the setting."""
    loop = request["RecursiveLoop"]
    if loop not in _LOOPS:
        raise constraint_error("recursiveLoop", loop, must_be_one_of(_LOOPS))
    key = core.load_unqualified(context, request["FunctionName"]).key
    core.settings_of_functions.save(key, "recursion", {"RecursiveLoop": loop})
    return {"RecursiveLoop": loop}


def get_runtime_management_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """When a function gets a new version of its runtime; onebox's runtimes are the machine's."""
    reference, function = core.load_referenced(context, request["FunctionName"], request.get("Qualifier"))
    setting = core.settings_of_functions.find(reference.key, "runtime", function.version) or {"UpdateRuntimeOn": "Auto"}
    return {"FunctionArn": f"{reference.key.arn}:{function.version}", **setting}


def put_runtime_management_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Store the setting of a version."""
    update, arn = request["UpdateRuntimeOn"], request.get("RuntimeVersionArn")
    if update not in _UPDATES:
        raise constraint_error("updateRuntimeOn", update, must_be_one_of(_UPDATES))
    if (update == "Manual") != bool(arn):
        raise InvalidParameterValueException("RuntimeVersionArn belongs to UpdateRuntimeOn Manual, and only to it.")
    reference, function = core.load_referenced(context, request["FunctionName"], request.get("Qualifier") or LATEST)
    setting: Wire = {"UpdateRuntimeOn": update}
    if arn:
        setting["RuntimeVersionArn"] = arn
    core.settings_of_functions.save(reference.key, "runtime", setting, function.version)
    return {"FunctionArn": f"{reference.key.arn}:{function.version}", **setting}
