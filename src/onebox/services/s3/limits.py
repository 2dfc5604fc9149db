"""S3's limits. https://docs.aws.amazon.com/general/latest/gr/s3.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

KEY_BYTES_MAX = 1024
METADATA_BYTES_MAX = 2048
LISTED_MAX = 1000
DELETED_AT_ONCE_MAX = 1000
PART_NUMBER_MAX = 10_000
PART_BYTES_MIN = 5 * 1024 * 1024
POLICY_BYTES_MAX = 20 * 1024
BUCKET_TAGS_MAX = 50
OBJECT_TAGS_MAX = 10
CORS_RULES_MAX = 100
LIFECYCLE_RULES_MAX = 1000
NEWER_VERSIONS_MAX = 100
NOTIFICATIONS_MAX = 100
NOTIFICATION_ID_CHARACTERS_MAX = 255
FILTER_VALUE_CHARACTERS_MAX = 1024

CHUNK_BYTES = 256 * 1024
"""How much of an object one row holds: reading a range costs at most two chunks beyond it."""
