"""S3-compatible object stores: every object under a prefix is landed once per version, as it stands.

What is known is told by the manifests of the channel's deliveries (key, ETag, time of change), so an
object written again under its key is a new delivery and one that arrives late under an old name is not
missed. An object that was removed changes nothing. Not dlt's `filesystem`: its cursor is the time of
change alone, and it reads records where we want bytes.
"""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.sources.connector import Harvest, Job, SourceError
from orchestration.sources.files import open_owner_only
from orchestration.sources.options import Options

_CHUNK = 1024**2
_SCRATCH = "object"
SAY_EVERY_OBJECTS = 20
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})
_CHANGED = frozenset({"412", "PreconditionFailed"})


@dataclass(frozen=True)
class Found:
    """One object as a listing shows it."""

    key: str
    etag: str
    changed_at: str
    size: int

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells this version of the object from every other."""
        return (self.key, self.etag, self.changed_at)


def extract(job: Job) -> Iterator[Harvest]:
    """Yield every object version the channel has not landed yet, oldest change first.

    Raises:
        ConfigError: a wrong option.
        SourceError: no access, or objects that could not be read (the others are landed).

    """
    from botocore.exceptions import BotoCoreError, ClientError

    options = job.options
    bucket, prefix = options.text("bucket"), options.text("prefix", "")
    pattern = options.text("pattern", "*")
    client, budget = _client(options), job.budget()
    options.reject_unknown()
    place = f"s3://{bucket}/{prefix}"
    try:
        found = _list(client, bucket, prefix, pattern)
    except (BotoCoreError, ClientError) as error:
        raise SourceError(f"{place}: cannot be listed: {_words(error)}") from error
    known = {(one.get("key"), one.get("etag"), one.get("last_modified")) for one in job.history}
    new = [one for one in found if one.identity not in known]
    failed: list[str] = []
    for number, one in enumerate(new):
        if budget.is_spent:
            raise SourceError(
                f"{place}: the time budget of {budget.seconds:g} s is used up; "
                f"{len(new) - number} of {len(new)} new objects wait for the next collect "
                "(or raise `budget_s`)"
            )
        if number and number % SAY_EVERY_OBJECTS == 0:
            job.say(f"{job.channel}: {number} of {len(new)} objects")
        try:
            path = _download(client, bucket, one, job.folder / _SCRATCH)
        except (BotoCoreError, ClientError, OSError) as error:
            if _code(error) not in _GONE | _CHANGED:  # gone or written again since: the next listing tells
                failed.append(f"{one.key} ({_words(error)})")
            continue
        yield Harvest(
            path,
            one.key.removeprefix(prefix).lstrip("/") or one.key,
            _source(job, number, bucket, one),
            number,
        )
    if failed:
        raise SourceError(f"{place}: {len(failed)} object(s) cannot be read: {'; '.join(failed[:3])}")


def _source(job: Job, number: int, bucket: str, one: Found) -> dict[str, Any]:
    return {
        "kind": "s3",
        "sequence": job.sequence + number,
        "bucket": bucket,
        "key": one.key,
        "etag": one.etag,
        "last_modified": one.changed_at,
    }


def _client(options: Options) -> Any:
    import boto3
    from botocore.config import Config

    named = {"endpoint_url": "endpoint_url", "region_name": "region"}
    keys = {"aws_access_key_id": "access_key", "aws_secret_access_key": "secret_key"}
    given = {
        name: options.text(option) for name, option in (named | keys).items() if options.has(option)
    }  # without keys: boto3's own chain (environment, profile, instance role)
    if ("aws_access_key_id" in given) != ("aws_secret_access_key" in given):
        raise options.fail("access_key", "give access_key and secret_key both, or neither")
    style = options.choice("addressing", ("auto", "path", "virtual"), "auto")
    config = Config(
        retries={"mode": "standard", "max_attempts": int(options.number("attempts", 8, minimum=1))},
        connect_timeout=15,
        read_timeout=60,
        s3={"addressing_style": style},
    )
    try:
        # A session of its own: the shared default one is not safe between threads.
        return boto3.session.Session().client("s3", config=config, **given)
    except ValueError as error:
        raise options.fail("endpoint_url", str(error)) from error


def _list(client: Any, bucket: str, prefix: str, pattern: str) -> list[Found]:
    found = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", ()):
            name = one["Key"].removeprefix(prefix).lstrip("/")
            if one["Key"].endswith("/") or not fnmatch.fnmatchcase(name, pattern):
                continue
            changed = one["LastModified"].astimezone(UTC).isoformat()
            found.append(Found(one["Key"], one["ETag"].strip('"'), changed, one["Size"]))
    return sorted(found, key=lambda one: (datetime.fromisoformat(one.changed_at), one.key))


def _download(client: Any, bucket: str, one: Found, target: Path) -> Path:
    """Write one object to a file; the listed version and no other, all of it."""
    answer = client.get_object(Bucket=bucket, Key=one.key, IfMatch=f'"{one.etag}"')
    # Not `with answer["Body"]`: that is the bare stream, which neither counts its bytes nor raises
    # errors of botocore where the connection breaks off.
    with open_owner_only(target) as writer, contextlib.closing(answer["Body"]) as body:
        while chunk := body.read(_CHUNK):
            writer.write(chunk)
    return target


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)  # errors of the connection have one, too: None
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _words(error: Exception) -> str:
    code = _code(error)
    advice = {
        "NoSuchBucket": "there is no such bucket",
        "AccessDenied": "access denied; the key needs s3:ListBucket and s3:GetObject",
        "InvalidAccessKeyId": "the access key is not known",
        "SignatureDoesNotMatch": "the secret key is wrong",
        "InvalidObjectState": "the object is archived; restore it first",
    }
    if code:
        return advice.get(code, code)
    if type(error).__name__ == "NoCredentialsError":
        return "no keys; give access_key and secret_key, or set AWS_ACCESS_KEY_ID"
    return str(error)[:200] or type(error).__name__
