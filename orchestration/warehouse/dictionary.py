"""Writes docs/data_dictionary.md from the descriptions in the dbt project.

`python -m orchestration.warehouse.dictionary` rewrites the page; a test says when it is out of date.
The descriptions themselves stand in `dbt_project/models/**/*.yml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"
PAGE = PROJECT_ROOT / "docs" / "data_dictionary.md"
SCHEMAS = {
    "core": "核心事实与维度",
    "experience": "体验指标",
    "finance": "财务汇总",
    "reports": "报表",
}
INTRODUCTION = """# 数据字典

本页由 `python -m orchestration.warehouse.dictionary` 从 dbt 项目的说明生成，请勿手改；改说明请改
`dbt_project/models/` 下与模型同名的 yml。

- 时刻（`…_at`）一律为 UTC；日期（`…_date`）一律为上海业务日。金额单位写在列名里。
- “发布给”是可读取的受众：`bi` 报表与分析（无原文）、`voice` 可阅读脱敏原文者、`finance` 财务。
  列上另有注明的以列为准；“不发布”的列只在仓库内部使用。
- 脱敏不等于匿名：姓名、地址等不能完全识别。
"""


def render(models: Path = MODELS) -> str:
    """Return the page as text."""
    parts = [INTRODUCTION]
    for schema, label in SCHEMAS.items():
        parts.append(f"\n## {schema} · {label}\n")
        parts += [_table(schema, document) for document in _documents(models / schema)]
    return "".join(parts)


def write(page: Path = PAGE) -> Path:
    """Write the page and return its path."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render(), encoding="utf-8")
    return page


def _documents(folder: Path) -> Sequence[Mapping[str, Any]]:
    found = []
    for path in sorted(folder.glob("*.yml")):
        found += yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    return found


def _table(schema: str, document: Mapping[str, Any]) -> str:
    meta = document.get("config", {}).get("meta", {})
    lines = [f"\n### {schema}.{document['name']}\n\n{document['description'].strip()}\n\n"]
    lines.append(f"发布给：{_audiences(meta.get('audiences'))}")
    if meta.get("partition_by"):
        lines.append(f"；按 `{meta['partition_by']}` 分区")
    lines.append("。\n\n| 列 | 类型 | 说明 |\n|---|---|---|\n")
    for column in document["columns"]:
        narrowed = column.get("config", {}).get("meta", {}).get("audiences")
        note = "" if narrowed is None else f"（发布给：{_audiences(narrowed)}）"
        text = str(column["description"]).replace("|", "\\|")
        lines.append(f"| {column['name']} | {column['data_type']} | {text}{note} |\n")
    return "".join(lines)


def _audiences(names: Sequence[str] | None) -> str:
    return "、".join(f"`{name}`" for name in names) if names else "不发布"


if __name__ == "__main__":
    print(write())
