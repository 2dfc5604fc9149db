"""S3's errors, with its codes, statuses and words.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
"""

from __future__ import annotations

from typing import Any

from onebox.errors import AwsError


class S3Error(AwsError):
    """An error with its usual sentence; keyword arguments are further elements of the answer."""

    sentence = ""

    def __init__(self, message: str = "", **members: Any) -> None:
        super().__init__(message or self.sentence, **members)


class AccessControlListNotSupported(S3Error):
    sentence = "The bucket does not allow ACLs"


class AccessDenied(S3Error):
    status = 403
    sentence = "Access Denied"


class BadDigest(S3Error):
    sentence = "The Content-MD5 you specified did not match what we received."


class BadRequest(S3Error):
    sentence = "Bad Request"


class BucketAlreadyExists(S3Error):
    status = 409
    sentence = (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )


class BucketAlreadyOwnedByYou(S3Error):
    status = 409
    sentence = "Your previous request to create the named bucket succeeded and you already own it."


class BucketNotEmpty(S3Error):
    status = 409
    sentence = "The bucket you tried to delete is not empty"


class EntityTooLarge(S3Error):
    sentence = "Your proposed upload exceeds the maximum allowed size"


class EntityTooSmall(S3Error):
    sentence = "Your proposed upload is smaller than the minimum allowed size"


class IllegalLocationConstraintException(S3Error):
    sentence = (
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
    )


class IllegalVersioningConfigurationException(S3Error):
    sentence = "The Versioning element must be specified"


class InvalidArgument(S3Error):
    sentence = "Invalid Argument"


class InvalidBucketName(S3Error):
    sentence = "The specified bucket is not valid."


class InvalidDigest(S3Error):
    sentence = "The Content-MD5 you specified was invalid."


class InvalidEncryptionAlgorithmError(S3Error):
    sentence = "The encryption request you specified is not valid."


class InvalidPart(S3Error):
    sentence = (
        "One or more of the specified parts could not be found.  The part may not have been uploaded, "
        "or the specified entity tag may not match the part's entity tag."
    )


class InvalidPartOrder(S3Error):
    sentence = "The list of parts was not in ascending order. Parts must be ordered by part number."


class InvalidPolicyDocument(S3Error):
    sentence = "The content of the form does not meet the conditions specified in the policy document."


class InvalidRange(S3Error):
    status = 416
    sentence = "The requested range is not satisfiable"


class InvalidRequest(S3Error):
    sentence = "Invalid Request"


class InvalidTag(S3Error):
    sentence = "The tag provided was not a valid tag."


class KeyTooLongError(S3Error):
    sentence = "Your key is too long"


class MalformedPolicy(S3Error):
    sentence = "Policies must be valid JSON and the first byte must be '{'"


class MalformedXML(S3Error):
    sentence = "The XML you provided was not well-formed or did not validate against our published schema"


class MetadataTooLarge(S3Error):
    sentence = "Your metadata headers exceed the maximum allowed metadata size"


class MethodNotAllowed(S3Error):
    status = 405
    sentence = "The specified method is not allowed against this resource."


class NoSuchBucket(S3Error):
    status = 404
    sentence = "The specified bucket does not exist"


class NoSuchBucketPolicy(S3Error):
    status = 404
    sentence = "The bucket policy does not exist"


class NoSuchCORSConfiguration(S3Error):
    status = 404
    sentence = "The CORS configuration does not exist"


class NoSuchKey(S3Error):
    status = 404
    sentence = "The specified key does not exist."


class NoSuchLifecycleConfiguration(S3Error):
    status = 404
    sentence = "The lifecycle configuration does not exist"


class NoSuchPublicAccessBlockConfiguration(S3Error):
    status = 404
    sentence = "The public access block configuration was not found"


class NoSuchTagSet(S3Error):
    status = 404
    sentence = "The TagSet does not exist"


class NoSuchUpload(S3Error):
    status = 404
    sentence = (
        "The specified upload does not exist. The upload ID may be invalid, "
        "or the upload may have been aborted or completed."
    )


class NoSuchVersion(S3Error):
    status = 404
    sentence = "The specified version does not exist."


class NoSuchWebsiteConfiguration(S3Error):
    status = 404
    sentence = "The specified bucket does not have a website configuration"


class NotModified(S3Error):
    status = 304
    sentence = "Not Modified"


class NotOffered(S3Error):
    """What onebox does not offer; nothing is accepted that would not be kept."""

    code = "NotImplemented"
    status = 501
    sentence = "A header you provided implies functionality that is not implemented"


class ObjectLockConfigurationNotFoundError(S3Error):
    status = 404
    sentence = "Object Lock configuration does not exist for this bucket"


class OwnershipControlsNotFoundError(S3Error):
    status = 404
    sentence = "The bucket ownership controls were not found"


class PreconditionFailed(S3Error):
    status = 412
    sentence = "At least one of the pre-conditions you specified did not hold"


class ReplicationConfigurationNotFoundError(S3Error):
    status = 404
    sentence = "The replication configuration was not found"
