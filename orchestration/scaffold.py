"""`voc scaffold CHANNEL`: the dbt models a channel's contract asks for, written in the house style.

Here: what follows from a contract without thinking (casts, key columns, descriptions, the columns of
the feedback contract that a field fills by its name or class). What does not follow is for a person
to write into the files afterwards. Contracts are `data_quality.contract`; Chinese labels stand in
`dbt_project/column_labels.yml`, the columns of the feedback contract in `int_feedback__unioned.yml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from data_quality.contract import RESTRICTED_CLASSES, Contract, Entity, Field, load_contract
from orchestration.settings import Settings
from orchestration.sources.commands import BAD_INPUT, CommandError

HAN = re.compile(r"[一-鿿]")
CASTS = {
    "integer": "integer", "boolean": "boolean", "date": "date", "datetime": "timestamp",
    "epoch_ms": "timestamp",
}  # fmt: skip
MONEY_SUFFIX = "_cny"
TIME_COLUMNS = ("event_at", "event_date", "event_basis", "received_at", "ingest_date")
LINEAGE_COLUMNS = ("delivery_id", "record_ordinal", "is_deleted", "contract_version", "masker_version")
VERBATIM_COLUMNS = ("verbatim", "score_input_hash", "text_keys")
# Columns of the feedback contract filled by the class of a field, and by its name.
BY_CLASS = {
    "customer_key": "customer_no", "phone_key": "phone", "mail_key": "mail", "account_key": "app_account",
    "handle_key": "handle", "plate_key": "plate",
}  # fmt: skip
BY_NAME = {
    "thread_no": ("thread_no",), "reply_to_no": ("reply_to_no",), "repost_of_no": ("repost_of_no",),
    "order_no": ("order_no",), "dealer_code": ("dealer_code",), "brand_zh": ("brand_zh",),
    "series_zh": ("series_zh",), "model_zh": ("model_zh",), "source_category_zh": ("category_zh", "category"),
    "star_score": ("star_score", "star_count"), "software_version": ("software_version",),
    "record_seq": ("record_seq", "message_seq"),
}  # fmt: skip
COLUMN_TYPES = {"star_score": "decimal(3, 2)", "record_seq": "integer"}
SECTIONS = {
    "record_id": "编号", "customer_key": "来源给出的身份与车型", "verbatim": "原声",
    "version_key": "版本与血缘",
}  # fmt: skip


class ScaffoldError(Exception):
    """Why nothing was written and what to do."""


@dataclass(frozen=True)
class Labels:
    """Chinese labels by raw column, and the grain of an entity by `<channel>__<entity>`."""

    columns: Mapping[str, str]
    grains: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Labels:
        """Read `column_labels.yml`; a project without one has no labels."""
        document = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return cls(document.get("columns", {}), document.get("grains", {}))

    def of_column(self, field: Field, column: str) -> str:
        """Say in Chinese what a column holds: the label, else the source's own Chinese name."""
        named = field.source if HAN.search(field.source) else f"来源字段 {field.source}"
        label = self.columns.get(column, named)
        if column not in self.columns and field.is_identifier:
            return f"{label}的假名键"
        if column not in self.columns and field.type in ("datetime", "epoch_ms"):
            return f"{label.replace('时间', '时刻')}（UTC）"
        if field.values and "：" not in label:
            return f"{label}：{'、'.join(field.values)}"
        masked = field.pii in ("free_text", "short_text") and column not in self.columns
        return f"{label}（脱敏）" if masked else label

    def of_entity(self, contract: Contract, entity: Entity) -> str:
        """Say what one row of an entity is."""
        return self.grains.get(f"{contract.channel}__{entity.name}", f"一条{contract.label_zh}记录")


def scaffold(contract: Contract, labels: Labels, feedback: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a channel: path below `dbt_project/models` → text.

    `feedback`: columns of the feedback contract in order → description. The conforming model is
    made of the channel's first entity with a voice.
    """
    folder = f"staging/{contract.channel}"
    files = {f"{folder}/_sources.yml": _sources(contract, labels)}
    for entity in contract.entities.values():
        path = f"{folder}/stg_{contract.channel}__{entity.name}"
        grain = f"一行 = {labels.of_entity(contract, entity)}的一个版本。"
        files[f"{path}.sql"] = _staging_sql(contract, entity, grain)
        files[f"{path}.yml"] = _staging_yml(contract, entity, grain, labels, feedback)
    voices = [entity for entity in contract.entities.values() if entity.is_voice]
    if voices:
        name = f"int_feedback__{contract.channel}"
        grain = f"一行 = {labels.of_entity(contract, voices[0])}，按统一反馈记录的列表达。"
        path = f"intermediate/feedback/{name}"
        files[f"{path}.sql"] = _conforming_sql(contract, voices[0], grain, feedback)
        files[f"{path}.yml"] = _yml(name, grain, feedback.items(), view=True)
    return files


def staged_columns(entity: Entity) -> Iterator[tuple[Field, str]]:
    """Yield (field, raw column) of an entity in order, without the texts that `verbatim` holds."""
    spoken = entity.verbatim.fields if entity.verbatim else ()
    for field in entity.fields:
        if field.pii not in RESTRICTED_CLASSES and field.name not in spoken:
            for column in field.raw_columns:
                yield field, column


def _staged(field: Field, column: str) -> str:
    kind = CASTS.get(field.type)
    if field.type == "decimal":
        kind = f"decimal(18, {2 if column.endswith(MONEY_SUFFIX) else 6})"
    if field.pii == "vin" and column.endswith("_model_year"):
        kind = "integer"
    return f"cast({column} as {kind}) as {column}" if kind else column


def _staging_sql(contract: Contract, entity: Entity, grain: str) -> str:
    identity = ["record_id", *(["voice_id as feedback_id"] if entity.is_voice else [])]
    sections = {
        "编号": [*identity, "version_key", "content_hash"],
        "契约字段": [_staged(field, column) for field, column in staged_columns(entity)],
        "原声": list(VERBATIM_COLUMNS) if entity.is_voice else [],
        "时间": list(TIME_COLUMNS),
        "血缘": list(LINEAGE_COLUMNS),
    }
    body = _sections({name: lines for name, lines in sections.items() if lines})
    return (
        f"-- {grain}\nwith source as (\n"
        f"    select * from {{{{ source('raw', '{contract.channel}__{entity.name}') }}}}\n),\n\n"
        f"renamed as (\n    select\n{body}\n    from source\n)\n\nselect * from renamed\n"
    )


def _sections(sections: Mapping[str, list[str]]) -> str:
    """Join select lines under their headings; the last line takes no comma."""
    blocks = [
        "\n".join([f"        ----------  {name}", *(f"        {line}," for line in lines)])
        for name, lines in sections.items()
    ]
    return "\n\n".join(blocks).removesuffix(",")


def _staging_yml(
    contract: Contract, entity: Entity, grain: str, labels: Labels, feedback: Mapping[str, str]
) -> str:
    system = dict(feedback)
    columns = ["record_id", *(["feedback_id"] if entity.is_voice else []), "version_key", "content_hash"]
    described = [(column, system[column]) for column in columns]
    described += [
        (column, labels.of_column(field, column) + "。") for field, column in staged_columns(entity)
    ]
    rest = (*(VERBATIM_COLUMNS if entity.is_voice else ()), *TIME_COLUMNS, *LINEAGE_COLUMNS)
    described += [(column, system[column]) for column in rest]
    return _yml(f"stg_{contract.channel}__{entity.name}", grain, described, view=False)


def _yml(name: str, grain: str, columns: Any, *, view: bool) -> str:
    lines = ["version: 2", "", "models:", f"  - name: {name}", "    description: >-", f"      {grain}"]
    if view:
        lines += ["    config:", "      materialized: view"]
    lines.append("    columns:")
    for column, description in columns:
        lines += [f"      - name: {column}", f"        description: {_scalar(description)}"]
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Quote a description where plain YAML would read something else."""
    is_plain = not (": " in text or " #" in text or "\n" in text or text[:1] in "[]{}*&!|>%@`'\"#-?:,")
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _sources(contract: Contract, labels: Labels) -> str:
    lines = ["version: 2", "", "sources:", "  - name: raw", "    schema: raw", "    tables:"]
    for entity in contract.entities.values():
        what = f"一行 = {labels.of_entity(contract, entity)}的一个版本。"
        lines += [f"      - name: {contract.channel}__{entity.name}", f"        description: {what}"]
    return "\n".join(lines) + "\n"


def _conforming_sql(contract: Contract, entity: Entity, grain: str, feedback: Mapping[str, str]) -> str:
    model = f"stg_{contract.channel}__{entity.name}"
    sections: dict[str, list[str]] = {}
    heading = ""
    for column in feedback:
        heading = SECTIONS.get(column, heading)
        line = _conformed(contract, entity, column)
        if line:
            sections.setdefault(heading, []).append(line)
    sections[SECTIONS["version_key"]] = ["{{ version_columns() }}"]
    return (
        f"-- {grain}\nwith records as (\n    select * from {{{{ ref('{model}') }}}}\n),\n\n"
        f"conformed as (\n    select\n{_sections(sections)}\n    from records\n)\n\nselect * from conformed\n"
    )


def _conformed(contract: Contract, entity: Entity, column: str) -> str | None:
    """Return the select line of one feedback column; none for those of `version_columns()`."""
    fixed = {
        "channel": f"'{contract.channel}' as channel",
        "author_role": f"'{contract.attributes['author_role']}' as author_role",
        "text_keys": "{{ list_as_text('text_keys') }} as text_keys",
        "is_voice": "(verbatim is not null) as is_voice",
    }
    if column in fixed:
        return fixed[column]
    if column in ("record_id", "feedback_id", "verbatim", "score_input_hash"):
        return column
    if column in (*TIME_COLUMNS, *LINEAGE_COLUMNS, "version_key", "content_hash"):
        return None
    kind = COLUMN_TYPES.get(column, "string")
    found = _filled_by(entity, column)
    if found is None:
        return f"cast(null as {kind}) as {column}"
    if kind != "string":
        return f"cast({found} as {kind}) as {column}"
    return found if found == column else f"{found} as {column}"


def _filled_by(entity: Entity, column: str) -> str | None:
    """Return the staged column that means a feedback column, by class or by name."""
    if column == "source_voice_no":
        only = entity.field_named(entity.voice_key[0]) if len(entity.voice_key) == 1 else None
        return only.name if only and not only.is_identifier else None
    if column in ("vin_key", "vin8_key"):
        return _vehicle_key(entity, column)
    staged = list(staged_columns(entity))
    if column in BY_CLASS:
        return next((name for field, name in staged if field.pii == BY_CLASS[column]), None)
    return next((name for _, name in staged if name in BY_NAME.get(column, ())), None)


def _vehicle_key(entity: Entity, column: str) -> str | None:
    for field in entity.fields:
        if field.pii == "vin":
            return f"{field.name}_key" if column == "vin_key" else f"{field.name}8_key"
        if field.pii == "vin8" and column == "vin8_key":
            return f"{field.name}_key"
    return None


def write_scaffold(project: Path, contract: Contract, *, overwrite: bool = False) -> list[Path]:
    """Write the models of a channel below `project`; return the files written, in order.

    Files that exist are left as they are unless `overwrite`: people may have edited them.

    Raises:
        ScaffoldError: the project has no dbt project with the feedback contract.

    """
    dbt = project / "dbt_project"
    union = dbt / "models" / "intermediate" / "feedback" / "int_feedback__unioned.yml"
    if not union.is_file():
        raise ScaffoldError(f"{union}: not found; run in the root of the project, beside voc.yml")
    feedback = _descriptions(union)
    written = []
    files = scaffold(contract, Labels.read(dbt / "column_labels.yml"), feedback)
    for name, text in files.items():
        path = dbt / "models" / name
        if overwrite or not path.exists():
            kept = _descriptions(path) if path.suffix == ".yml" else {}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_with_descriptions(text, kept), encoding="utf-8")
            written.append(path)
    return written


def _descriptions(path: Path) -> dict[str, str]:
    """Return column → description of the (first) model of a yml file; empty if there is none."""
    document = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    models = document.get("models") or [{}]
    return {one["name"]: str(one["description"]) for one in models[0].get("columns", [])}


def _with_descriptions(text: str, kept: Mapping[str, str]) -> str:
    """Put descriptions that a person wrote back in place of generated ones."""

    def described(match: re.Match[str]) -> str:
        name = match.group(2)
        return match.group(1) + _scalar(kept[name]) if name in kept else match.group(0)

    return re.sub(r"(?m)^(      - name: (\w+)\n        description: ).*$", described, text)


@click.command("scaffold")
@click.argument("channel")
@click.option(
    "--overwrite", is_flag=True, help="Write files that exist anew: of edits, only descriptions stay."
)
def scaffold_command(channel: str, overwrite: bool) -> None:
    """Write the staging and conforming models of a channel from its contract."""
    settings = Settings.load()
    contract = load_contract(settings.channel(channel).contract_path)
    root = settings.project_root
    try:
        written = write_scaffold(root, contract, overwrite=overwrite)
    except ScaffoldError as error:
        raise CommandError(str(error), BAD_INPUT) from error
    for path in written:
        click.echo(str(path.relative_to(root)))
    if not written:
        click.echo(f"{channel}: all models exist; --overwrite writes them anew")
