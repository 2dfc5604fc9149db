"""The container registry's limits. AWS: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html"""

REPOSITORIES_MAX = 100_000
NAME_CHARACTERS = range(2, 257)
NAMES_PER_REQUEST_MAX = 100
PAGE_MAX = 1_000
PAGE_DEFAULT = 100
POLICY_CHARACTERS_MAX = 10_240
LIFECYCLE_POLICY_CHARACTERS = range(100, 30_721)
TAGS_MAX = 50
