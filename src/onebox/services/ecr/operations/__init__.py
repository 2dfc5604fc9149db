"""The operations of the container registry: a file for each family, and the table."""

from __future__ import annotations

from onebox.services.ecr.core import Core
from onebox.services.ecr.operations import images, policies, repositories, tags
from onebox.services.registry import Operation, OperationTable

OPERATIONS: OperationTable[Core] = {
    "CreateRepository": Operation(repositories.create_repository),
    "DeleteRepository": Operation(repositories.delete_repository),
    "DescribeRepositories": Operation(repositories.describe_repositories, reads_only=True),
    "PutImageScanningConfiguration": Operation(repositories.put_image_scanning_configuration),
    "PutImageTagMutability": Operation(repositories.put_image_tag_mutability),
    "SetRepositoryPolicy": Operation(policies.set_repository_policy),
    "GetRepositoryPolicy": Operation(policies.get_repository_policy, reads_only=True),
    "DeleteRepositoryPolicy": Operation(policies.delete_repository_policy),
    "PutLifecyclePolicy": Operation(policies.put_lifecycle_policy),
    "GetLifecyclePolicy": Operation(policies.get_lifecycle_policy, reads_only=True),
    "DeleteLifecyclePolicy": Operation(policies.delete_lifecycle_policy),
    "ListImages": Operation(images.list_images, reads_only=True),
    "DescribeImages": Operation(images.describe_images, reads_only=True),
    "BatchDeleteImage": Operation(images.batch_delete_image),
    "TagResource": Operation(tags.tag_resource),
    "UntagResource": Operation(tags.untag_resource),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, reads_only=True),
}
