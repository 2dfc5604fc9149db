"""Paths of the server's own that services answer. They are here, so that the engine knows them without the services."""

from __future__ import annotations

CALLBACKS_PATH = "/_onebox/cloudformation/callbacks/"
"""Answers of custom resources and wait conditions: PUT, with the token behind it."""
CODE_PATH = "/_onebox/lambda/code"
"""The links of GetFunction."""
CERTIFICATES_PATH = "/_onebox/sns/"
"""The certificates that notifications name as SigningCertURL."""
