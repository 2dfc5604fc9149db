"""AWS's limits of CloudFormation.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

TEMPLATE_BODY_BYTES = 51_200
"""A template inside the request."""
TEMPLATE_URL_BYTES = 1_000_000
"""A template fetched from S3."""
EVALUATION_STEPS_MAX = 2_000_000
"""Values that the evaluation of one template may visit. onebox's own limit: it bounds the time of one template."""
EVALUATION_CHARACTERS_MAX = 4_000_000
"""Characters that intrinsic functions may produce for one template. onebox's own limit: it bounds memory."""
NESTED_DEPTH_MAX = 10
"""How deep stacks are nested. onebox's own limit: the template of a nested stack may name itself."""
NESTED_STACKS_MAX = 200
"""Nested stacks within one stack. onebox's own limit, for the same reason."""
RESOURCES_MAX = 500
PARAMETERS_MAX = 200
OUTPUTS_MAX = 200
MAPPINGS_MAX = 200
PARAMETER_VALUE_CHARACTERS = 4_096
DESCRIPTION_BYTES = 1_024
STACK_NAME_CHARACTERS = 128
TAGS_MAX = 50
STACK_POLICY_BYTES = 16_384
PAGE_SOURCE_BYTES = 1_000_000
"""Templates of the stacks on one page of DescribeStacks and ListStacks; AWS ends its pages at 1 MB as well."""
PAGE_ITEMS = 100
"""Items of one page of the list operations."""
DELETED_STACK_MS = 90 * 86_400_000
"""How long a deleted stack can still be described."""
ANSWER_WAIT_MS = 2_000
"""How long an operation that starts work waits for its end before it answers. AWS answers at once, but SDK waiters
look once and then sleep 30 s: a stack that is done in half a second should not cost its user half a minute."""
