"""Server certificates: uploaded, listed, read back."""

from __future__ import annotations

from dataclasses import replace

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.certificates import is_private_key, parse_expiration_ms
from onebox.services.iam.core import Core, entity_arn
from onebox.services.iam.entities import load_server_certificate
from onebox.services.iam.errors import EntityAlreadyExistsException, MalformedCertificateException
from onebox.services.iam.model import ServerCertificate
from onebox.services.iam.validation import (
    check_name,
    check_path,
    page_limit,
    page_of,
    parse_marker,
    parse_tags,
    tag_list,
)

_NAME_MAX = 128


def upload_server_certificate(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Keep a certificate and its chain."""
    name, path = request["ServerCertificateName"], request.get("Path", "/")
    check_name("serverCertificateName", name, _NAME_MAX)
    check_path(path)
    tags = parse_tags(context, request.get("Tags") or [])
    expires_at_ms = _parse_expiration_ms(request["CertificateBody"])
    if not is_private_key(request["PrivateKey"]):
        raise MalformedCertificateException(
            "Unable to parse key. Please ensure the private key is not encrypted and is in PEM format."
        )
    _check_name_is_free(core, context, name)
    certificate = ServerCertificate(
        account=context.account,
        name=name,
        path=path,
        id=core.new_id("ASCA"),
        arn=entity_arn(context, f"server-certificate{path}{name}"),
        created_at_ms=context.now_ms,
        body=request["CertificateBody"],
        chain=request.get("CertificateChain"),
        expires_at_ms=expires_at_ms,
        tags=tags,
    )
    core.server_certificates.insert(certificate)
    return {"ServerCertificateMetadata": _metadata(certificate), "Tags": tag_list(tags) or None}


def get_server_certificate(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A certificate as it was uploaded, without its key."""
    certificate = load_server_certificate(core, context, request)
    shown = {
        "ServerCertificateMetadata": _metadata(certificate),
        "CertificateBody": certificate.body,
        "CertificateChain": certificate.chain,
        "Tags": tag_list(certificate.tags),
    }
    return {"ServerCertificate": shown}


def list_server_certificates(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The account's certificates by name, without their bodies."""
    limit, prefix = page_limit(request), request.get("PathPrefix", "/")
    found = core.server_certificates.list_page(context.account, prefix, parse_marker(request), limit + 1)
    return page_of("ServerCertificateMetadataList", found, limit, key=lambda one: one.name, show=_metadata)


def update_server_certificate(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Give a certificate another name or path."""
    old = load_server_certificate(core, context, request)
    name, path = request.get("NewServerCertificateName", old.name), request.get("NewPath", old.path)
    check_name("newServerCertificateName", name, _NAME_MAX)
    check_path(path)
    if name.lower() != old.name.lower():
        _check_name_is_free(core, context, name)
    arn = entity_arn(context, f"server-certificate{path}{name}")
    core.server_certificates.update(replace(old, name=name, path=path, arn=arn))
    return {}


def delete_server_certificate(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a certificate."""
    core.server_certificates.delete(load_server_certificate(core, context, request))
    return {}


def _parse_expiration_ms(pem: str) -> int:
    try:
        return parse_expiration_ms(pem)
    except ValueError as error:
        raise MalformedCertificateException(
            "Unable to parse certificate. Please ensure the certificate is in PEM format."
        ) from error


def _check_name_is_free(core: Core, context: RequestContext, name: str) -> None:
    if core.server_certificates.find(context.account, name) is not None:
        raise EntityAlreadyExistsException(f"The Server Certificate with name {name} already exists.")


def _metadata(certificate: ServerCertificate) -> Wire:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": certificate.arn,
        "UploadDate": certificate.created_at_ms,
        "Expiration": certificate.expires_at_ms,
    }
