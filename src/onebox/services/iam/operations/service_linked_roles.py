"""Service-linked roles: named by AWS, trusted by one service, changed by nobody.

AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
"""

from __future__ import annotations

import json
import re

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core, entity_arn
from onebox.services.iam.entities import SERVICE_LINKED_PATH, load_role
from onebox.services.iam.errors import InvalidInputException, NoSuchEntityException
from onebox.services.iam.limits import MAX_SESSION_S_DEFAULT
from onebox.services.iam.model import Role
from onebox.services.iam.operations.roles import checked_description, shown_new_role
from onebox.services.iam.validation import check_name

# Where AWS's name is not the service's name in capitals.
_NAMES = {
    "autoscaling": "AutoScaling",
    "batch": "Batch",
    "cloudtrail": "CloudTrail",
    "config": "Config",
    "dynamodb.application-autoscaling": "ApplicationAutoScaling_DynamoDBTable",
    "ecs": "ECS",
    "ecs.application-autoscaling": "ApplicationAutoScaling_ECSService",
    "eks": "AmazonEKS",
    "elasticache": "ElastiCache",
    "elasticbeanstalk": "ElasticBeanstalk",
    "elasticloadbalancing": "ElasticLoadBalancing",
    "es": "AmazonElasticsearchService",
    "events": "CloudWatchEvents",
    "fms": "FMS",
    "globalaccelerator": "GlobalAccelerator",
    "guardduty": "AmazonGuardDuty",
    "inspector2": "AmazonInspector2",
    "kafka": "Kafka",
    "lambda.application-autoscaling": "ApplicationAutoScaling_LambdaConcurrency",
    "lex": "LexBots",
    "macie": "AmazonMacie",
    "mq": "AmazonMQ",
    "opensearchservice": "AmazonOpenSearchService",
    "ops.apigateway": "APIGateway",
    "organizations": "Organizations",
    "rds": "RDS",
    "redshift": "Redshift",
    "replication.dynamodb": "DynamoDBReplication",
    "replicator.lambda": "LambdaReplicator",
    "spot": "EC2Spot",
    "spotfleet": "EC2SpotFleet",
    "ssm": "AmazonSSM",
    "sso": "SSO",
    "support": "Support",
    "transitgateway": "VPCTransitGateway",
    "trustedadvisor": "TrustedAdvisor",
    "wafv2": "WAFV2Logging",
}
_SERVICE = re.compile(r"([a-z0-9][a-z0-9.-]{0,90})\.amazonaws\.com(?:\.cn)?")
_SUFFIX_MAX = 64
_TASK = re.compile(r"task(/aws-service-role/[\w.-]+/)(\w[\w+=,.@-]*)/[0-9a-f-]{36}", re.ASCII)


def create_service_linked_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Create the role that a service uses."""
    service = request["AWSServiceName"]
    name = _role_name(service, request.get("CustomSuffix"))
    if core.roles.find(context.account, name) is not None:
        raise InvalidInputException(
            f"Service role name {name} has been taken in this account, please try a different suffix."
        )
    path = f"{SERVICE_LINKED_PATH}{service}/"
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = Role(
        account=context.account,
        name=name,
        path=path,
        id=core.new_id("AROA"),
        arn=entity_arn(context, f"role{path}{name}"),
        created_at_ms=context.now_ms,
        trust_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        description=checked_description(request.get("Description")),
        max_session_s=MAX_SESSION_S_DEFAULT,
        permissions_boundary=None,
        tags={},
    )
    core.roles.insert(role)
    core.forget()
    return {"Role": shown_new_role(role)}


def delete_service_linked_role(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete the role at once; the task that AWS answers with is then done."""
    role = load_role(core, context, request)
    if not role.path.startswith(SERVICE_LINKED_PATH):
        raise NoSuchEntityException(f"The service-linked role with name {role.name} cannot be found.")
    for name, _ in core.entity_policies.list_inline(role):
        core.entity_policies.delete_inline(role, name)
    for arn in core.entity_policies.list_attached(role):
        core.entity_policies.detach(role, arn)
    core.roles.delete(role)
    core.forget()
    return {"DeletionTaskId": f"task{role.path}{role.name}/{core.ids.uuid()}"}


def get_service_linked_role_deletion_status(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Deletions are done when they are answered."""
    task = _TASK.fullmatch(request["DeletionTaskId"])
    role = core.roles.find(context.account, task[2]) if task else None
    if task is None or role is not None:
        raise NoSuchEntityException(f"The deletion task {request['DeletionTaskId']} cannot be found.")
    return {"Status": "SUCCEEDED"}


def _role_name(service: str, suffix: str | None) -> str:
    match = _SERVICE.fullmatch(service)
    if match is None:
        raise InvalidInputException(f"Service principal {service} is not valid.")
    known = _NAMES.get(match[1])
    name = f"AWSServiceRoleFor{known or ''.join(part.capitalize() for part in re.split(r'[.-]', match[1]))}"
    if suffix is not None:
        check_name("customSuffix", suffix, _SUFFIX_MAX)
        name = f"{name}_{suffix}"
    check_name("roleName", name, 64)
    return name
