"""The two secret keys: load, check, create, and what is computed with them.

`Keys` turns source ids into record ids and normalised identifiers into pseudonyms. What the normal
form of an identifier is stands in `pseudonym.py`; where the key file lies is `settings.keys_path`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from orchestration.settings import ConfigError, Settings

_HEX64 = re.compile(r"[0-9a-f]{64}")
_SEPARATOR = "\x1f"
_CREATE_HINT = "create one with `voc keys init`, or point VOC_KEYS at the existing one"
PSEUDONYM_DOMAINS = frozenset({"person", "phone", "mail", "account", "vin", "vin8", "plate", "handle"})


class KeysError(ConfigError):
    """A key file that is missing, readable by others or damaged: says which and what to do."""


@dataclass(frozen=True)
class Keys:
    """Both keys in memory; neither `repr` nor any error shows them."""

    id_key: bytes = field(repr=False)
    pseudonym_key: bytes = field(repr=False)
    pseudonym_key_version: int

    @classmethod
    def load(cls, path: Path) -> Keys:
        """Read the key file (JSON, docs/interfaces.md §4).

        Raises:
            KeysError: no such file, another user can read it, or its content is not two keys.

        """
        return _from_document(path, _read_document(path))

    def identifier(self, kind: str, *parts: str) -> str:
        """Return 32 hex digits that stand for a source id; the key behind them is never rotated."""
        return self.identifier_bytes(kind, *parts).hex()

    def identifier_bytes(self, kind: str, *parts: str) -> bytes:
        """Return `identifier` as its 16 bytes."""
        message = _SEPARATOR.join((kind, *parts)).encode("utf-8", "surrogatepass")
        return hmac.digest(self.id_key, message, "sha256")[:16]

    def pseudonym(self, domain: str, normalised: str) -> str:
        """Return `k<version>_` + 32 hex digits for an identifier in its normal form.

        Raises:
            ValueError: `domain` is none of `PSEUDONYM_DOMAINS`.

        """
        if domain not in PSEUDONYM_DOMAINS:
            raise ValueError(f"unknown pseudonym domain {domain!r}; known: {sorted(PSEUDONYM_DOMAINS)}")
        message = f"{domain}|{normalised}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self.pseudonym_key, message, "sha256").hex()[:32]
        return f"k{self.pseudonym_key_version}_{digest}"

    @property
    def fingerprint(self) -> str:
        """12 hex digits that tell two key files apart and say nothing about the keys."""
        inner = hmac.digest(self.id_key, b"fingerprint", "sha256")
        return hashlib.sha256(inner + hmac.digest(self.pseudonym_key, b"fingerprint", "sha256")).hexdigest()[
            :12
        ]


def create_key_file(path: Path) -> Keys:
    """Write two new random keys: file 0600, a missing parent folder 0700; never overwrites.

    Raises:
        KeysError: a file is there already, or the place cannot be written.

    """
    document = {
        "id_key": secrets.token_hex(32),
        "pseudonym_key": secrets.token_hex(32),
        "pseudonym_key_version": 1,
    }
    try:
        _make_parents(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeysError(
            f"{path}: a key file is there already and is left as it is; ids and pseudonyms made with it "
            "would not match those of a new one. Move it away first if you really want new keys"
        ) from error
    except OSError as error:
        raise KeysError(
            f"{path}: cannot be created: {error.strerror}; choose a place with VOC_KEYS"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    return Keys.load(path)


def _make_parents(folder: Path) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700)


def _read_document(path: Path) -> Any:
    try:
        with path.open(encoding="utf-8") as file:
            _check_access(path, os.fstat(file.fileno()))
            return json.load(file)
    except FileNotFoundError as error:
        raise KeysError(f"{path}: no key file; {_CREATE_HINT}") from error
    except OSError as error:
        raise KeysError(f"{path}: cannot be read: {error.strerror}; {_CREATE_HINT}") from error
    except ValueError as error:
        # The parser's own message may quote the content: leave it out.
        raise KeysError(f"{path}: is not the JSON of a key file; restore it from your backup") from error


def _check_access(path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise KeysError(f"{path}: mode {mode:04o} lets other users at the keys; run `chmod 600 {path}`")
    if status.st_uid != os.geteuid():
        raise KeysError(f"{path}: belongs to user id {status.st_uid}, not to you; run `chown` or copy it")


def _from_document(path: Path, document: Any) -> Keys:
    if not isinstance(document, dict):
        raise KeysError(f"{path}: expected a JSON object with id_key and pseudonym_key; restore your backup")
    version = document.get("pseudonym_key_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise KeysError(f"{path}: pseudonym_key_version must be a whole number from 1; restore your backup")
    return Keys(_key(path, document, "id_key"), _key(path, document, "pseudonym_key"), version)


def _key(path: Path, document: dict[str, Any], name: str) -> bytes:
    value = document.get(name)
    if not isinstance(value, str) or not _HEX64.fullmatch(value):
        raise KeysError(f"{path}: {name} must be 64 lower-case hex digits; restore it from your backup")
    return bytes.fromhex(value)


class _KeysProblem(click.ClickException):
    exit_code = 65


def _clear_errors(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ConfigError as error:
            raise _KeysProblem(str(error)) from error

    return guarded


@click.group("keys", help="The secret keys behind ids and pseudonyms.")
def keys_group() -> None:
    """Group `voc keys`."""


_path_option = partial(
    click.option,
    "--path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Key file (default: VOC_KEYS, else ~/.config/voc-warehouse/keys.json).",
)


@keys_group.command("init", help="Create a new key file; an existing one is never touched.")
@_path_option()
@_clear_errors
def init_command(path: Path | None) -> None:
    """Create the key file and say where it is, never what is in it."""
    target = path or Settings.load().keys_path
    keys = create_key_file(target)
    click.echo(f"created {target} (fingerprint {keys.fingerprint}, version {keys.pseudonym_key_version})")
    click.echo("Back it up in a safe place: without it no new record joins what is already admitted.")


@keys_group.command("show", help="Fingerprint and version of the key file; never the keys.")
@_path_option()
@_clear_errors
def show_command(path: Path | None) -> None:
    """Print what tells two key files apart."""
    target = path or Settings.load().keys_path
    keys = Keys.load(target)
    click.echo(f"{target}: fingerprint {keys.fingerprint}, version {keys.pseudonym_key_version}")
