"""The operations of IAM."""

from __future__ import annotations

from onebox.services.iam.operations import managed_policies, role_policies, roles, simulation
from onebox.services.registry import Operation

OPERATIONS = {
    "CreateRole": Operation(roles.create_role),
    "GetRole": Operation(roles.get_role, reads_only=True),
    "ListRoles": Operation(roles.list_roles, reads_only=True),
    "DeleteRole": Operation(roles.delete_role),
    "UpdateRole": Operation(roles.update_role),
    "UpdateRoleDescription": Operation(roles.update_role_description),
    "UpdateAssumeRolePolicy": Operation(roles.update_assume_role_policy),
    "PutRolePermissionsBoundary": Operation(roles.put_role_permissions_boundary),
    "DeleteRolePermissionsBoundary": Operation(roles.delete_role_permissions_boundary),
    "TagRole": Operation(roles.tag_role),
    "UntagRole": Operation(roles.untag_role),
    "ListRoleTags": Operation(roles.list_role_tags, reads_only=True),
    "ListInstanceProfilesForRole": Operation(roles.list_instance_profiles_for_role, reads_only=True),
    "PutRolePolicy": Operation(role_policies.put_role_policy),
    "GetRolePolicy": Operation(role_policies.get_role_policy, reads_only=True),
    "ListRolePolicies": Operation(role_policies.list_role_policies, reads_only=True),
    "DeleteRolePolicy": Operation(role_policies.delete_role_policy),
    "AttachRolePolicy": Operation(role_policies.attach_role_policy),
    "DetachRolePolicy": Operation(role_policies.detach_role_policy),
    "ListAttachedRolePolicies": Operation(role_policies.list_attached_role_policies, reads_only=True),
    "CreatePolicy": Operation(managed_policies.create_policy),
    "GetPolicy": Operation(managed_policies.get_policy, reads_only=True),
    "ListPolicies": Operation(managed_policies.list_policies, reads_only=True),
    "DeletePolicy": Operation(managed_policies.delete_policy),
    "CreatePolicyVersion": Operation(managed_policies.create_policy_version),
    "GetPolicyVersion": Operation(managed_policies.get_policy_version, reads_only=True),
    "ListPolicyVersions": Operation(managed_policies.list_policy_versions, reads_only=True),
    "SetDefaultPolicyVersion": Operation(managed_policies.set_default_policy_version),
    "DeletePolicyVersion": Operation(managed_policies.delete_policy_version),
    "ListEntitiesForPolicy": Operation(managed_policies.list_entities_for_policy, reads_only=True),
    "TagPolicy": Operation(managed_policies.tag_policy),
    "UntagPolicy": Operation(managed_policies.untag_policy),
    "ListPolicyTags": Operation(managed_policies.list_policy_tags, reads_only=True),
    "SimulatePrincipalPolicy": Operation(simulation.simulate_principal_policy, reads_only=True),
    "SimulateCustomPolicy": Operation(simulation.simulate_custom_policy, reads_only=True),
}
