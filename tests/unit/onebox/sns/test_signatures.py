"""Goal: whatever is signed names a certificate that is served, also after a transaction that failed."""

from __future__ import annotations

import asyncio

import pytest

from onebox.services.sns.signatures import Signatures
from onebox.services.sns.store.signing_key import SigningKeyStore
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock


def test_a_key_made_in_a_transaction_that_fails_signs_nothing_later() -> None:
    async def run() -> None:
        connection = open_connection(None)
        migrate(connection)
        storage = Storage(connection, lambda _: None)
        signatures = Signatures(storage, SigningKeyStore(storage), ManualClock())

        def sign_and_fail() -> None:
            signatures.signer()
            raise RuntimeError("refused after the fan-out")

        with pytest.raises(RuntimeError):
            storage.run(sign_and_fail)
        signer = await storage.write(signatures.signer)
        assert signatures.find_certificate(signer.certificate_path) == signer.certificate
        storage.close()

    asyncio.run(run())
