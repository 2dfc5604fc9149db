"""Goal: roles, their policies and sessions of a database from before users existed are there afterwards."""

from __future__ import annotations

import json

import apsw

from onebox.services.iam.store.entity_policies import EntityPolicyStore
from onebox.services.iam.store.roles import RoleStore
from onebox.services.iam.store.sessions import SessionStore
from onebox.storage.database import Storage
from onebox.storage.migrate import load_scripts, migrate
from onebox.storage.opening import open_connection

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/R"


def old_database() -> apsw.Connection:
    """A database of the version before, with a role, two policies and a session."""
    connection = open_connection(None)
    for number, script in sorted(load_scripts().items()):
        if number < 30:
            connection.execute(f"BEGIN;\n{script}\n;PRAGMA user_version = {number}; COMMIT;").fetchall()
    connection.execute(
        "INSERT INTO iam_role VALUES (?, 'R', '/', 'AROA1', ?, '{}', NULL, 3600, NULL, '{\"team\": \"a\"}', 5)",
        (ACCOUNT, ROLE),
    )
    connection.execute("INSERT INTO iam_role_inline_policy VALUES (?, 'r', 'p', '{}')", (ACCOUNT,))
    connection.execute("INSERT INTO iam_role_attachment VALUES (?, 'R', 'arn:aws:iam::aws:policy/X')", (ACCOUNT,))
    session = ("ASIA1", "secret", "token", ACCOUNT, ROLE, "R", "arn", "AROA1:shift", json.dumps([]), 1, 2)
    connection.execute(f"INSERT INTO iam_session VALUES ({', '.join('?' * len(session))})", session)
    return connection


def test_roles_policies_and_sessions_are_kept() -> None:
    connection = old_database()
    migrate(connection)
    storage = Storage(connection, lambda _fault: None)
    role = RoleStore(storage).find(ACCOUNT, "R")
    assert role is not None
    assert (role.id, role.arn, role.tags, role.created_at_ms) == ("AROA1", ROLE, {"team": "a"}, 5)
    policies = EntityPolicyStore(storage)
    assert policies.list_inline(role) == [("p", "{}")]
    assert policies.list_attached(role) == ["arn:aws:iam::aws:policy/X"]
    session = SessionStore(storage).find("ASIA1")
    assert session is not None
    assert (session.principal.role_name, session.principal.entity_id) == ("R", "AROA1")
