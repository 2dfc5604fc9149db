"""Goal: instance profiles, service-linked roles, service-specific credentials and server certificates, as in IAM."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused, trust

EC2 = trust({"Service": "ec2.amazonaws.com"})
CODECOMMIT = "codecommit.amazonaws.com"


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


def test_instance_profile_holds_one_role(iam: Any, account: str) -> None:
    profile = iam.create_instance_profile(InstanceProfileName="P", Path="/x/")["InstanceProfile"]
    assert profile["Arn"] == f"arn:aws:iam::{account}:instance-profile/x/P"
    assert profile["InstanceProfileId"].startswith("AIPA")
    assert profile["Roles"] == []
    iam.create_role(RoleName="R", AssumeRolePolicyDocument=EC2)
    iam.create_role(RoleName="S", AssumeRolePolicyDocument=EC2)
    iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")
    assert refused(iam.add_role_to_instance_profile, InstanceProfileName="P", RoleName="S")[0] == "LimitExceeded"
    (role,) = iam.get_instance_profile(InstanceProfileName="P")["InstanceProfile"]["Roles"]
    assert role["RoleName"] == "R"
    held = iam.list_instance_profiles_for_role(RoleName="R")["InstanceProfiles"]
    assert [found["InstanceProfileName"] for found in held] == ["P"]
    assert iam.list_instance_profiles_for_role(RoleName="S")["InstanceProfiles"] == []
    assert refused(iam.delete_role, RoleName="R")[1] == (
        "Cannot delete entity, must remove roles from instance profile first."
    )
    assert refused(iam.delete_instance_profile, InstanceProfileName="P")[0] == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="P", RoleName="R")
    iam.delete_role(RoleName="R")
    iam.delete_instance_profile(InstanceProfileName="P")
    assert refused(iam.get_instance_profile, InstanceProfileName="P") == (
        "NoSuchEntity",
        "Instance Profile P cannot be found.",
        404,
    )


def test_instance_profile_tags(iam: Any) -> None:
    iam.create_instance_profile(InstanceProfileName="P", Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_instance_profile(InstanceProfileName="P", Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    tags = [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    assert iam.list_instance_profile_tags(InstanceProfileName="P")["Tags"] == tags
    iam.untag_instance_profile(InstanceProfileName="P", TagKeys=["a", "unknown"])
    assert iam.list_instance_profile_tags(InstanceProfileName="P")["Tags"] == tags[1:]


def test_putting_a_role_into_a_profile_needs_pass_role(iam: Any, onebox: EngineThread) -> None:
    iam.create_user(UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=EC2)
    iam.create_instance_profile(InstanceProfileName="P")
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("iam:AddRoleToInstanceProfile"))
    own = key_client(onebox, "iam", key)
    code, message, _ = refused(own.add_role_to_instance_profile, InstanceProfileName="P", RoleName="Admin")
    assert (code, "iam:PassRole" in message) == ("AccessDenied", True)
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    iam.put_user_policy(UserName="Ann", PolicyName="q", PolicyDocument=document("iam:PassRole", Condition=to_ec2))
    own.add_role_to_instance_profile(InstanceProfileName="P", RoleName="Admin")


def test_service_linked_role_lives_and_dies(iam: Any, account: str) -> None:
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", Description="d")["Role"]
    assert role["Arn"] == (
        f"arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    )
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "autoscaling.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    name = role["RoleName"]
    listed = iam.list_roles(PathPrefix="/aws-service-role/autoscaling.amazonaws.com/")["Roles"]
    assert [found["RoleName"] for found in listed] == [name]
    assert refused(iam.create_service_linked_role, AWSServiceName="autoscaling.amazonaws.com")[0] == "InvalidInput"
    assert refused(iam.delete_role, RoleName=name)[0] == "UnmodifiableEntity"
    assert refused(iam.put_role_policy, RoleName=name, PolicyName="p", PolicyDocument=document())[0] == (
        "UnmodifiableEntity"
    )
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refused(iam.get_role, RoleName=name)[0] == "NoSuchEntity"


def test_service_linked_role_with_a_suffix(iam: Any) -> None:
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="x")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForAutoScaling_x"
    assert refused(iam.create_service_linked_role, AWSServiceName="nonsense")[0] == "InvalidInput"


def test_service_specific_credential_lives_and_dies(iam: Any, account: str) -> None:
    iam.create_user(UserName="Ann")
    made = iam.create_service_specific_credential(UserName="Ann", ServiceName=CODECOMMIT)["ServiceSpecificCredential"]
    assert (made["ServiceUserName"], made["Status"]) == (f"Ann-at-{account}", "Active")
    which = {"UserName": "Ann", "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    iam.update_service_specific_credential(**which, Status="Inactive")
    reset = iam.reset_service_specific_credential(**which)["ServiceSpecificCredential"]
    assert reset["Status"] == "Inactive"
    assert reset["ServicePassword"] != made["ServicePassword"]
    (listed,) = iam.list_service_specific_credentials(UserName="Ann")["ServiceSpecificCredentials"]
    assert set(listed) == set(made) - {"ServicePassword"}
    assert (
        iam.list_service_specific_credentials(UserName="Ann", ServiceName="cassandra.amazonaws.com")[
            "ServiceSpecificCredentials"
        ]
        == []
    )
    iam.delete_service_specific_credential(**which)
    assert refused(iam.delete_service_specific_credential, **which) == (
        "NoSuchEntity",
        "No such credential ID exists",
        404,
    )


@pytest.mark.parametrize(
    ("operation", "change", "error"),
    [
        (
            "create",
            {"UserName": "Nobody", "ServiceName": "nonsense"},
            ("NoSuchEntity", "The user with name Nobody cannot be found.", 404),
        ),
        (
            "create",
            {"ServiceName": "nonsense"},
            ("NoSuchEntity", "No such service nonsense is supported for Service Specific Credentials", 404),
        ),
        ("reset", {}, ("NoSuchEntity", "No such credential ID exists", 404)),
        (
            "delete",
            {"ServiceSpecificCredentialId": "a-b"},
            (
                "ValidationError",
                "1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint:"
                r" Member must satisfy regular expression pattern: [\w]+",
                400,
            ),
        ),
        (
            "update",
            {"Status": "Broken"},
            (
                "ValidationError",
                "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum"
                " value set",
                400,
            ),
        ),
    ],
)
def test_service_specific_credential_errors(iam: Any, operation: Any, change: Any, error: Any) -> None:
    iam.create_user(UserName="Ann")
    which = {"UserName": "Ann"}
    if operation != "create":
        which["ServiceSpecificCredentialId"] = "A" * 20
    assert refused(getattr(iam, f"{operation}_service_specific_credential"), **{**which, **change}) == error


def make_pem() -> Any:
    """A certificate that ends on 2050-01-02, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime.datetime(2020, 1, 1))
    certificate = builder.not_valid_after(datetime.datetime(2050, 1, 2)).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(encoding).decode(), private.decode()


@pytest.fixture(scope="module")
def pem() -> Any:
    """See :func:`make_pem`."""
    return make_pem()


def test_server_certificate_is_read_back_without_its_key(iam: Any, pem: Any, account: str) -> None:
    body, key = pem
    iam.upload_server_certificate(ServerCertificateName="C", Path="/x/", CertificateBody=body, PrivateKey=key)
    got = iam.get_server_certificate(ServerCertificateName="C")["ServerCertificate"]
    metadata = got["ServerCertificateMetadata"]
    assert metadata["Arn"] == f"arn:aws:iam::{account}:server-certificate/x/C"
    assert metadata["Expiration"] == datetime.datetime(2050, 1, 2, tzinfo=datetime.timezone.utc)
    assert (got["CertificateBody"].strip(), got["Tags"]) == (body.strip(), [])
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == [metadata]
    iam.update_server_certificate(ServerCertificateName="C", NewServerCertificateName="D")
    iam.delete_server_certificate(ServerCertificateName="D")
    assert refused(iam.get_server_certificate, ServerCertificateName="D")[::2] == ("NoSuchEntity", 404)


@pytest.mark.parametrize(
    "body",
    [
        "x",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMP////////8=\n-----END CERTIFICATE-----",
        f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(b'0' * 3000).decode()}\n-----END CERTIFICATE-----",
    ],
)
def test_malformed_certificate_is_refused(iam: Any, pem: Any, body: Any) -> None:
    error = refused(iam.upload_server_certificate, ServerCertificateName="C", CertificateBody=body, PrivateKey=pem[1])
    assert error[0] == "MalformedCertificate"


def test_profiles_credentials_and_certificates_survive_a_restart(tmp_path: Path, pem: Any) -> None:
    with EngineThread(tmp_path) as engine:
        iam = engine.client("iam")
        iam.create_role(RoleName="R", AssumeRolePolicyDocument=EC2)
        iam.create_instance_profile(InstanceProfileName="P")
        iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")
        iam.create_user(UserName="Ann")
        iam.create_service_specific_credential(UserName="Ann", ServiceName=CODECOMMIT)
        iam.upload_server_certificate(ServerCertificateName="C", CertificateBody=pem[0], PrivateKey=pem[1])
    with EngineThread(tmp_path) as engine:
        iam = engine.client("iam")
        assert iam.get_instance_profile(InstanceProfileName="P")["InstanceProfile"]["Roles"][0]["RoleName"] == "R"
        assert len(iam.list_service_specific_credentials(UserName="Ann")["ServiceSpecificCredentials"]) == 1
        assert iam.get_server_certificate(ServerCertificateName="C")["ServerCertificate"]["CertificateBody"]
