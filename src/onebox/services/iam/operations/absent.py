"""What nobody has here: passwords, MFA devices, SSH keys, signing certificates.

Tools ask for them before they delete a user. The answers are AWS's for a user that never had any.
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.core import Core
from onebox.services.iam.entities import load_named_or_calling_user
from onebox.services.iam.errors import NoSuchEntityException
from onebox.services.iam.validation import page


def get_login_profile(core: Core, context: RequestContext, request: Wire) -> Wire:
    """No user has a password: there is no sign-in page."""
    user = load_named_or_calling_user(core, context, request)
    raise NoSuchEntityException(f"Login Profile for User {user.name} cannot be found.")


def list_mfa_devices(core: Core, context: RequestContext, request: Wire) -> Wire:
    """None."""
    load_named_or_calling_user(core, context, request)
    return page(request, "MFADevices", (), key=str, show=str)


def list_ssh_public_keys(core: Core, context: RequestContext, request: Wire) -> Wire:
    """None."""
    load_named_or_calling_user(core, context, request)
    return page(request, "SSHPublicKeys", (), key=str, show=str)


def list_signing_certificates(core: Core, context: RequestContext, request: Wire) -> Wire:
    """None."""
    load_named_or_calling_user(core, context, request)
    return page(request, "Certificates", (), key=str, show=str)
