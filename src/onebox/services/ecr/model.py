"""What the container registry keeps."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.arn import find_arn, make_arn
from onebox.services.context import Wire


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository. Documents are kept as the texts that were given."""

    account: str
    region: str
    name: str
    created_at_ms: int
    settings: Wire
    """encryptionConfiguration, imageScanningConfiguration, imageTagMutability and its exclusion filters."""
    policy: str | None
    lifecycle_policy: str | None
    lifecycle_evaluated_at_ms: int | None
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        """The ARN."""
        return repository_arn(self.account, self.region, self.name)

    @property
    def uri(self) -> str:
        """The address by which `docker push` would know it on AWS."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.name}"


def repository_arn(account: str, region: str, name: str) -> str:
    """The ARN of a repository."""
    return make_arn("ecr", region, account, f"repository/{name}")


def repository_name(arn_text: str) -> str:
    """The name in the ARN of a repository; empty if the text is no such ARN."""
    arn = find_arn(arn_text)
    if arn is None or arn.service != "ecr" or not arn.resource.startswith("repository/"):
        return ""
    return arn.resource.removeprefix("repository/")
