"""The one key that signs this onebox's notifications: made when it is first needed, kept in the database.

Topics that set SignatureVersion sign what goes to queues and functions; what goes to HTTP endpoints is always signed.
Everything else carries a plain digest, so that nobody pays for signatures whom nobody verifies.
"""

from __future__ import annotations

import asyncio

from onebox.clock import Clock
from onebox.services.sns.signing import KeyPair, Signer, make_key_pair
from onebox.services.sns.store.signing_key import SigningKeyStore
from onebox.storage.database import Storage


class Signatures:
    """Gives the signer, and its certificate to who verifies."""

    def __init__(self, storage: Storage, store: SigningKeyStore, clock: Clock) -> None:
        self._storage = storage
        self._store = store
        self._clock = clock
        self._signer: Signer | None = None

    async def start(self) -> None:
        """Load the key if there is one, so that no publish waits for that."""
        if self._store.find() is not None:
            await self.prepare()

    async def prepare(self) -> None:
        """Make or load the key in a thread: that is too long for the loop."""
        if self._signer is not None:
            return
        loop = asyncio.get_running_loop()
        if self._store.find() is None:
            made = await loop.run_in_executor(None, make_key_pair, self._clock.now_ms())
            await self._storage.write(lambda: self._store.insert_first(made))
        stored = self._store.find()
        assert stored is not None
        self._signer = await loop.run_in_executor(None, Signer, stored)

    def signer(self) -> Signer:
        """The signer; makes it at once where :meth:`prepare` was not awaited. Belongs inside a transaction."""
        # The store is asked each time: a transaction that failed has taken the key that it made with it.
        stored = self._store.find() or self._make()
        if self._signer is None or self._signer.certificate != stored.certificate:
            self._signer = Signer(stored)
        return self._signer

    def find_certificate(self, path: str) -> bytes | None:
        """The certificate that a SigningCertURL means, PEM; None if it is none of ours."""
        if self._store.find() is None:
            return None
        signer = self.signer()
        return signer.certificate if path == signer.certificate_path else None

    def _make(self) -> KeyPair:
        made = make_key_pair(self._clock.now_ms())
        self._store.insert_first(made)
        return made
