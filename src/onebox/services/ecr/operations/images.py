"""The images of a repository: none, because none can be pushed.

AWS: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.ecr.core import Core, load_repository
from onebox.services.ecr.errors import ImageNotFoundException


def list_images(core: Core, context: RequestContext, request: Wire) -> Wire:
    """No image."""
    load_repository(core, context, request)
    return {"imageIds": []}


def describe_images(core: Core, context: RequestContext, request: Wire) -> Wire:
    """No image. Raises ImageNotFoundException if some are named."""
    repository = load_repository(core, context, request)
    for image in request.get("imageIds") or []:
        raise ImageNotFoundException(
            f"The image with imageId {_show(image)} does not exist within the repository with name"
            f" '{repository.name}' in the registry with id '{repository.account}'"
        )
    return {"imageDetails": []}


def batch_delete_image(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Each named image is a failure: it is not there."""
    load_repository(core, context, request)
    failures = [
        {"imageId": image, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
        for image in request["imageIds"]
    ]
    return {"imageIds": [], "failures": failures}


def _show(image: Wire) -> str:
    digest, tag = image.get("imageDigest", "null"), image.get("imageTag", "null")
    return f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"
