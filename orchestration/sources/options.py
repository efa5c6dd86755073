"""The `source:` of a channel as a connector reads it: every option checked, every mistake named.

Here: reading values out of `voc.yml`'s mapping. What the options mean stands with each connector and
in docs/connect_sources.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.settings import ConfigError


class Options:
    """A mapping from `voc.yml` that remembers where it stands and which names were asked for."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self.where = where
        self._values = values
        self._asked: set[str] = {"kind"}

    def fail(self, name: str, problem: str) -> ConfigError:
        """Return an error that names the option."""
        return ConfigError(f"{self.where}.{name}: {problem}")

    def has(self, name: str) -> bool:
        """Tell whether an option is given and not empty."""
        return self._take(name) not in (None, "")

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without `default` it must be given and not empty."""
        value = self._take(name)
        if value in (None, ""):
            if default is None:
                raise self.fail(
                    name, "is missing or empty; if it is a ${VARIABLE}, set it in the environment"
                )
            return default
        if isinstance(value, Mapping | list):
            raise self.fail(name, f"must be a text, is a {type(value).__name__}")
        return str(value)

    def number(self, name: str, default: float, minimum: float = 0) -> float:
        """Return a number not below `minimum`."""
        value = self._take(name)
        if value in (None, ""):
            return default
        try:
            found = float(value)
        except (TypeError, ValueError):
            raise self.fail(name, f"must be a number, is {value!r}") from None
        if not found >= minimum:
            raise self.fail(name, f"must be at least {minimum:g}, is {value!r}")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(name)
        if value in (None, ""):
            return default
        if not isinstance(value, bool):
            raise self.fail(name, f"must be true or false, is {value!r}")
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return one of the allowed words."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.fail(name, f"is {value!r}; allowed: {', '.join(allowed)}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; one text counts as a list of one."""
        value = self._take(name)
        if value in (None, ""):
            return ()
        if isinstance(value, Mapping):
            raise self.fail(name, "must be a list of texts")
        return tuple(str(one) for one in (value if isinstance(value, list) else [value]))

    def plain(self, name: str) -> Mapping[str, Any]:
        """Return a mapping of plain values as it stands (empty if absent)."""
        value = self._take(name)
        if value in (None, ""):
            return {}
        if not isinstance(value, Mapping):
            raise self.fail(name, "must be a mapping")
        return value

    def section(self, name: str) -> Options:
        """Return a mapping below this one (empty if absent)."""
        return Options(f"{self.where}.{name}", self.plain(name))

    def reject_unknown(self) -> None:
        """Refuse options nobody asked for: most often a misspelt one."""
        unknown = sorted(str(name) for name in self._values if name not in self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked - {"kind"}))
            raise ConfigError(f"{self.where}: unknown option(s) {', '.join(unknown)}; known: {known}")

    def _take(self, name: str) -> Any:
        self._asked.add(name)
        return self._values.get(name)
