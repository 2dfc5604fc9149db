"""Finding the version of a function that a request, a mapping or an event means."""

from __future__ import annotations

from onebox.ids import Ids
from onebox.services.lambda_.errors import ResourceNotFoundException
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion, Mapping
from onebox.services.lambda_.naming import VERSION_NUMBER
from onebox.services.lambda_.store.functions import FunctionStore


class FunctionFinder:
    """Resolves qualifiers: ``$LATEST``, version numbers and aliases, which may share traffic between two versions."""

    def __init__(self, functions: FunctionStore, ids: Ids) -> None:
        self._functions = functions
        self._ids = ids

    def load(self, key: FunctionKey, qualifier: str | None) -> FunctionVersion:
        """``$LATEST``, a version by number or the one an alias stands for. Raises ResourceNotFoundException."""
        version = qualifier or LATEST
        if version != LATEST and not VERSION_NUMBER.fullmatch(version):
            alias = self._functions.find_alias(key, version)
            version = alias.version if alias else ""
            if alias and alias.additional_version_weights:
                version = self._draw_version(version, alias.additional_version_weights)
        function = self._functions.find_version(key, version) if version else None
        if function is None:
            arn = f"{key.arn}:{qualifier}" if qualifier else key.arn
            raise ResourceNotFoundException(f"Function not found: {arn}")
        return function

    def load_for_invocation(self, key: FunctionKey, qualifier: str | None) -> FunctionVersion:
        """As :meth:`load`, from memory where possible; not for use inside a job that writes."""
        function = self._functions.find_cached(key, qualifier)
        if function is None:
            function = self.load(key, qualifier)
            alias = self._functions.find_alias(key, qualifier) if qualifier else None
            if alias is None or not alias.additional_version_weights:
                self._functions.cache(key, qualifier, function)
        return function

    def load_mapped(self, mapping: Mapping) -> FunctionVersion:
        """The version that a mapping invokes at this moment. Raises ResourceNotFoundException."""
        return self.load_for_invocation(mapping.key, mapping.qualifier)

    def _draw_version(self, version: str, weights: dict[str, float]) -> str:
        drawn = int(self._ids.hex(8), 16) / 2**32
        for other, weight in weights.items():
            if drawn < weight:
                return other
            drawn -= weight
        return version
