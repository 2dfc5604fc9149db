"""What a restored table is made of: the source's definition, with the overrides of the request.

Pure. Streams, time to live, tags, protection, class, and point-in-time recovery are not restored, as on AWS.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.model import ACTIVE, GLOBAL, LOCAL, Index, Table, TableDefinition
from onebox.services.dynamodb.schema import ON_DEMAND, PROVISIONED, check_index_names, check_throughput
from onebox.services.dynamodb.table_settings import set_encryption

_MEMBERS = {GLOBAL: "GlobalSecondaryIndexOverride", LOCAL: "LocalSecondaryIndexOverride"}
_ON_DEMAND_MAXIMA = ("MaxReadRequestUnits", "MaxWriteRequestUnits")


def invalid_request(detail: str) -> ValidationException:
    """A refusal in the words of backups and recovery."""
    return ValidationException(f"Invalid Request: {detail}")


def define_restored(
    source: Table | TableDefinition, context: RequestContext, request: Wire, table_id: str
) -> TableDefinition:
    """The definition of the table that a restore makes. Raises ValidationException for overrides that contradict the
    source or each other."""
    mode = request.get("BillingModeOverride", source.settings["BillingMode"])
    _check_throughput_overrides(request, mode, source.settings)
    settings = _settings(source.settings, context, request, mode=mode, table_id=table_id)
    indexes = [
        *_indexes(source.indexes, request, LOCAL, mode),
        *_indexes(source.indexes, request, GLOBAL, mode),
    ]
    check_index_names(indexes)
    used = {*source.key.names, *(name for index in indexes for name in index.key.names)}
    kinds = {name: kind for name, kind in source.attribute_kinds.items() if name in used}
    return TableDefinition(source.key, kinds, settings, tuple(indexes))


def _check_throughput_overrides(request: Wire, mode: str, recorded: Wire) -> None:
    throughput = request.get("ProvisionedThroughputOverride")
    if throughput is not None:
        if request.get("BillingModeOverride") == ON_DEMAND:
            raise invalid_request(
                "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"
            )
        if mode != PROVISIONED:
            raise invalid_request("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED")
        check_throughput(throughput)
    elif request.get("BillingModeOverride") == PROVISIONED and "ProvisionedThroughput" not in recorded:
        raise invalid_request("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")
    maxima = request.get("OnDemandThroughputOverride", {})
    for member in _ON_DEMAND_MAXIMA:
        if member not in maxima:
            continue
        if mode != ON_DEMAND:
            raise invalid_request(
                f"Cannot override {member} for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST"
            )
        if maxima[member] < 1:
            raise invalid_request(f"Requested {member} for OnDemandThroughput is outside of valid range")


def _settings(recorded: Wire, context: RequestContext, request: Wire, *, mode: str, table_id: str) -> Wire:
    settings: Wire = {"TableId": table_id, "BillingMode": mode, "DeletionProtectionEnabled": False, "Tags": {}}
    if mode == PROVISIONED:
        settings["ProvisionedThroughput"] = request.get(
            "ProvisionedThroughputOverride", recorded.get("ProvisionedThroughput")
        )
    else:
        settings["LastUpdateToPayPerRequestDateTime"] = context.now_ms
        maxima = request.get("OnDemandThroughputOverride", recorded.get("OnDemandThroughput"))
        if maxima:
            settings["OnDemandThroughput"] = maxima
    if "KMSMasterKeyArn" in recorded:
        settings["KMSMasterKeyArn"] = recorded["KMSMasterKeyArn"]
    set_encryption(settings, context, request.get("SSESpecificationOverride"))
    return settings


def _indexes(recorded: tuple[Index, ...], request: Wire, scope: str, mode: str) -> list[Index]:
    """The indexes of one scope: those of the source, or those of the override, which must equal some of them in keys
    and projection."""
    recorded = tuple(index for index in recorded if index.scope == scope)
    overrides = request.get(_MEMBERS[scope])
    if overrides is None:
        return [_with_throughput(index, index.throughput, mode) for index in recorded]
    return [_overridden(recorded, override, scope, mode, request) for override in overrides]


def _overridden(recorded: tuple[Index, ...], override: Wire, scope: str, mode: str, request: Wire) -> Index:
    name = override["IndexName"]
    source = next((index for index in recorded if _matches(index, override)), None)
    if source is None:
        raise invalid_request(
            f"Index {name} does not match a secondary index that existed in the source table and cannot be created "
            "during the restore operation"
        )
    throughput = override.get("ProvisionedThroughput")
    if scope == GLOBAL:
        _check_index_throughput(throughput, name, mode, request)
    renamed = replace(source, name=name, on_demand_throughput=override.get("OnDemandThroughput"))
    return _with_throughput(renamed, throughput, mode)


def _check_index_throughput(throughput: dict[str, int] | None, name: str, mode: str, request: Wire) -> None:
    if mode == PROVISIONED and throughput is None:
        raise invalid_request(f"Must specify provisioned throughput for index {name}")
    if throughput is None:
        return
    if mode == ON_DEMAND:
        reason = (
            "if BillingMode is overridden to PAY_PER_REQUEST"
            if "BillingModeOverride" in request
            else "unless BillingMode is PROVISIONED"
        )
        raise invalid_request(f"Cannot override ProvisionedThroughput {reason} for index {name}")
    check_throughput(throughput, name)


def _with_throughput(index: Index, throughput: dict[str, int] | None, mode: str) -> Index:
    if index.scope == GLOBAL and mode == PROVISIONED and throughput is None:
        raise invalid_request(f"Must specify provisioned throughput for index {index.name}")
    return replace(
        index,
        index_id=0,
        status=ACTIVE,
        throughput=throughput if mode == PROVISIONED else None,
        on_demand_throughput=index.on_demand_throughput if mode == ON_DEMAND else None,
    )


def _matches(index: Index, override: Wire) -> bool:
    keys = [(element["AttributeName"], element["KeyType"]) for element in override["KeySchema"]]
    own_keys = [
        *((attribute.name, "HASH") for attribute in index.key.hash_attributes),
        *((attribute.name, "RANGE") for attribute in index.key.range_attributes),
    ]
    projection, own = override["Projection"], index.projection
    return (
        keys == own_keys
        and projection.get("ProjectionType") == own.get("ProjectionType")
        and set(projection.get("NonKeyAttributes", ())) == set(own.get("NonKeyAttributes", ()))
    )
