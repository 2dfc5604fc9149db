"""The operations of STS: a file for each family, and the table."""

from __future__ import annotations

from onebox.services.registry import Operation, OperationTable
from onebox.services.sts.core import Core
from onebox.services.sts.operations import account_sessions, assume_role, identity

OPERATIONS: OperationTable[Core] = {
    "GetCallerIdentity": Operation(identity.get_caller_identity, reads_only=True),
    "GetAccessKeyInfo": Operation(identity.get_access_key_info, reads_only=True),
    "AssumeRole": Operation(assume_role.assume_role),
    "GetSessionToken": Operation(account_sessions.get_session_token),
    "GetFederationToken": Operation(account_sessions.get_federation_token),
}
