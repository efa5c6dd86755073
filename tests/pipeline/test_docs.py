"""What the documents tell a reader to type exists, and the queries they show really run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest

from orchestration.cli import voc
from orchestration.settings import PROJECT_ROOT
from tests.support.home import Home

DOCUMENTS = [
    path
    for path in (
        PROJECT_ROOT / "README.md",
        PROJECT_ROOT / "README.zh-CN.md",
        PROJECT_ROOT / "CONTRIBUTING.md",
        *sorted((PROJECT_ROOT / "docs").glob("**/*.md")),
    )
    if path.is_file()
]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
TABLE = re.compile(r"\b((?:core|experience|reports|finance)\.[a-z]+_[a-z0-9_]+)\b(?!\.(?:ya?ml|sql|py|md))")
# What a document writes for something a reader fills in.
PLACEHOLDER = re.compile(r"[…<>]|[A-Z]{2,}|\.\.\.")


def code_of(document: Path, language: str | None = None) -> Iterator[str]:
    text = document.read_text(encoding="utf-8")
    for found, body in BLOCK.findall(text):
        if language is None or found == language:
            yield body
    if language is None:
        yield from INLINE.findall(BLOCK.sub("", text))


def commands(document: Path, name: str, language: str | None = None) -> Iterator[list[str]]:
    """Words of every `voc …` or `make …` in code, comments and prompts taken away."""
    for code in code_of(document, language):
        joined = code.replace("\\\n", " ")
        for match in re.finditer(
            rf"(?m)^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*{name} +(\S.*(?:\n(?=[^\n]*\"\s*$).*)?)", joined
        ):
            try:
                words = shlex.split(match[1], comments=True)
            except ValueError:
                words = match[1].split()
            yield words


def quoted_sql(document: Path) -> Iterator[tuple[str, str]]:
    """Audience and statement of every `voc sql "…"` in a bash block (a statement may span lines)."""
    pattern = re.compile(r'voc sql\s+((?:--?[a-z]+[ =]\S+\s+)*)"([^"]+)"')
    for body in code_of(document, "bash"):
        for options, statement in pattern.findall(body):
            audience = re.search(r"--audience[ =](\w+)", options)
            yield (audience[1] if audience else "bi"), statement


def by_name(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_voc_commands_exist(document: Path) -> None:
    for words in commands(document, "voc"):
        command: click.Command = voc
        context = click.Context(voc)
        rest = list(words)
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            names = rest.pop(0).split("|")
            found = [command.get_command(context, name) for name in names if not PLACEHOLDER.search(name)]
            assert all(found), f"{by_name(document)}: voc {' '.join(words)}"
            if not found or found[0] is None:
                return
            command = found[0]
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        if command.name == "dbt":
            continue
        for word in rest:
            option = word.strip("[]").split("=")[0]
            if re.fullmatch(r"--[a-z-]+", option):
                assert option in known | {"--help", "--version"}, (
                    f"{by_name(document)}: voc {' '.join(words)}"
                )


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_make_targets_exist(document: Path) -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))
    for words in commands(document, "make"):
        named = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)]
        assert not named or named[0] in targets, f"{by_name(document)}: make {' '.join(words)}"


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_shown_queries_run(document: Path, ten_days: Home) -> None:
    for audience, statement in quoted_sql(document):
        assert isinstance(ten_days.sql(statement, audience), list), statement


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_named_tables_are_published(document: Path, ten_days: Home) -> None:
    known = set()
    for audience in ten_days.settings.audiences:
        database = ten_days.path / "published" / audience / "current" / f"voc_{audience}.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            known |= {
                f"{schema}.{table}"
                for schema, table in connection.execute(
                    "select table_schema, table_name from information_schema.tables"
                ).fetchall()
            }
    if document.name == "data_dictionary.md":
        # It also describes the models that stay inside the warehouse.
        models = (PROJECT_ROOT / "dbt_project" / "models").glob("*/*.sql")
        known |= {f"{path.parent.name}.{path.stem}" for path in models}
    named = set(TABLE.findall(document.read_text(encoding="utf-8")))
    assert {name for name in named if PLACEHOLDER.search(name) is None} - known == set()
