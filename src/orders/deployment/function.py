"""OrderProcessor in Lambda, with its versions, its alias and its trigger: the calls that change and read them.

AWS: https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orders.aws.clients import Aws, error_code
from orders.clock import Clock
from orders.deployment.versions import ALIAS, LATEST, Live, Version
from orders.errors import OperatorError

# What operators set with the levers, as tags of the function: kept by deployments, shown by `orders status`.
TAG_PREFIX = "orders:"
CONCURRENCY_TAG = f"{TAG_PREFIX}concurrency"
PAUSED_TAG = f"{TAG_PREFIX}paused"
MISSING = frozenset({"ResourceNotFoundException", "404"})
POLL_FIRST_MS = 50.0
POLL_LAST_MS = 1_000.0
UPDATE_PATIENCE_MS = 120_000.0


class DeployedFunction:
    """Raises botocore's errors, and OperatorError where an update does not end."""

    def __init__(self, aws: Aws, clock: Clock) -> None:
        self._aws = aws
        self._name = aws.names.function
        self._lambda = aws.client("lambda")
        self._clock = clock

    # --- Reading ------------------------------------------------------------------------------------------------------

    def find_configuration(self) -> dict[str, Any] | None:
        """What $LATEST is; None if there is no function."""
        answer: dict[str, Any] | None = _find(self._lambda.get_function_configuration, FunctionName=self._name)
        return answer

    def find_live(self) -> Live | None:
        """The alias; None if there is none."""
        answer = _find(self._lambda.get_alias, FunctionName=self._name, Name=ALIAS)
        if answer is None:
            return None
        weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        canary, share = next(iter(weights.items()), (None, 0.0))
        return Live(
            answer["FunctionVersion"], canary, float(share), answer.get("Description", ""), answer.get("RevisionId", "")
        )

    def versions(self) -> list[Version]:
        """The published versions, oldest first."""
        request: dict[str, Any] = {"FunctionName": self._name}
        found: list[Version] = []
        while True:
            answer = self._lambda.list_versions_by_function(**request)
            found += [_read_version(one) for one in answer["Versions"] if one["Version"] != LATEST]
            if not answer.get("NextMarker"):
                return sorted(found)
            request["Marker"] = answer["NextMarker"]

    def find_trigger(self) -> dict[str, Any] | None:
        """OrderTrigger: the mapping from OrderQueue to the function or its alias; None if there is none."""
        answer = self._lambda.list_event_source_mappings(EventSourceArn=self._aws.arn("sqs", self._aws.names.queue))
        mappings = answer["EventSourceMappings"]
        return next((one for one in mappings if f":function:{self._name}" in one["FunctionArn"]), None)

    # --- Changing -----------------------------------------------------------------------------------------------------

    def publish(self, description: str) -> Version:
        """Publish $LATEST; the newest version again if nothing has changed since it was published."""
        return _read_version(self._lambda.publish_version(FunctionName=self._name, Description=description))

    def move(self, live: Live, version: str, *, canary: str | None = None, share: float = 0.0, note: str = "") -> None:
        """Move the alias, unless somebody else moved it since ``live`` was read. Raises OperatorError."""
        from botocore.exceptions import ClientError

        weights = {} if canary is None else {canary: share}
        request = {"RevisionId": live.revision_id} if live.revision_id else {}
        try:
            self._lambda.update_alias(
                FunctionName=self._name,
                Name=ALIAS,
                FunctionVersion=version,
                Description=note,
                RoutingConfig={"AdditionalVersionWeights": weights},
                **request,
            )
        except ClientError as error:
            if error_code(error) == "PreconditionFailedException":
                raise OperatorError(
                    f"somebody else moved the alias {ALIAS} at the same moment", "Look with `orders doctor`."
                ) from error
            raise

    def delete_version(self, number: int) -> None:
        _find(self._lambda.delete_function, FunctionName=self._name, Qualifier=str(number))

    def restore_code(self, bucket: str, key: str) -> None:
        self._lambda.update_function_code(FunctionName=self._name, S3Bucket=bucket, S3Key=key)
        self._wait_until_updated()

    def restore_configuration(self, settings: dict[str, Any]) -> None:
        self._lambda.update_function_configuration(FunctionName=self._name, **settings)
        self._wait_until_updated()

    def change_trigger(self, **settings: Any) -> None:
        """Change OrderTrigger and wait until the change has taken effect. Raises OperatorError if there is none."""
        trigger = self.find_trigger()
        if trigger is None:
            raise OperatorError(f"{self._name} has no trigger", "Run `orders deploy`.")
        # Lambda takes no change while an earlier one is under way.
        self._wait(self._is_trigger_stable, "the trigger")
        self._lambda.update_event_source_mapping(UUID=trigger["UUID"], **settings)
        self._wait(self._is_trigger_stable, "the trigger")

    def tag(self, name: str, value: str) -> None:
        self._lambda.tag_resource(Resource=self._aws.arn("lambda", f"function:{self._name}"), Tags={name: value})

    def untag(self, name: str) -> None:
        self._lambda.untag_resource(Resource=self._aws.arn("lambda", f"function:{self._name}"), TagKeys=[name])

    def find_tags(self) -> dict[str, str]:
        answer = _find(self._lambda.list_tags, Resource=self._aws.arn("lambda", f"function:{self._name}"))
        return {} if answer is None else dict(answer.get("Tags") or {})

    def _is_trigger_stable(self) -> bool:
        return (self.find_trigger() or {}).get("State") in ("Enabled", "Disabled", None)

    def _wait_until_updated(self) -> None:
        self._wait(
            lambda: (self.find_configuration() or {}).get("LastUpdateStatus") in ("Successful", "Failed", None),
            self._name,
        )

    def _wait(self, is_done: Callable[[], bool], what: str) -> None:
        wait_ms, began_ms = POLL_FIRST_MS, self._clock.monotonic_ms()
        while not is_done():
            if self._clock.monotonic_ms() - began_ms > UPDATE_PATIENCE_MS:
                raise OperatorError(f"the update of {what} does not end", "Look with `orders status`.")
            self._clock.wait_ms(wait_ms)
            wait_ms = min(POLL_LAST_MS, wait_ms * 1.5)


def _find(operation: Any, **request: Any) -> Any:
    from botocore.exceptions import ClientError

    try:
        return operation(**request)
    except ClientError as error:
        if error_code(error) in MISSING:
            return None
        raise


def _read_version(answer: dict[str, Any]) -> Version:
    return Version(
        int(answer["Version"]), answer["CodeSha256"], answer.get("LastModified", ""), answer.get("Description", "")
    )
