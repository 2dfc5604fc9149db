"""The Parameter Store's limits. AWS: https://docs.aws.amazon.com/general/latest/gr/ssm.html"""

NAME_CHARACTERS_MAX = 1_011
"""With the ARN before it."""
LEVELS_MAX = 15
STANDARD_CHARACTERS_MAX = 4_096
ADVANCED_CHARACTERS_MAX = 8_192
STANDARD_PARAMETERS_MAX = 10_000
VERSIONS_MAX = 100
LABELS_PER_VERSION_MAX = 10
LABEL_CHARACTERS_MAX = 100
TAGS_MAX = 50
NAMES_PER_REQUEST_MAX = 10
BY_PATH_PAGE_MAX = 10
PAGE_MAX = 50
SCANNED_PER_PAGE_MAX = 1_000
"""How many parameters one page of a filtered list looks at; a page may then be short, as on AWS."""
