"""`python -m ml.evaluation`: how good the scores are on any labelled CSV.

Here: options, the printed table, the files. What is predicted is in `ml.evaluation.tasks`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from ml.evaluation.data import USAGE_ERROR, EvaluationError, read_label_map, read_labelled
from ml.evaluation.metrics import multi_baselines, multi_label, single_baselines, single_label
from ml.evaluation.tasks import TASKS, TaskResult
from ml.scoring import LEXICON_VERSION, SCORER_VERSION, TAXONOMY_VERSION

SHOWN_CLASSES = 30


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    result = argparse.ArgumentParser(prog="python -m ml.evaluation", description=__doc__.splitlines()[0])
    result.add_argument("task", choices=sorted(TASKS))
    result.add_argument("--test", required=True, type=Path, metavar="FILE", help="labelled CSV")
    result.add_argument("--text-column", required=True)
    result.add_argument("--label-column", required=True)
    result.add_argument(
        "--aspect-column", help="polarity: column naming the judged aspect (else the whole text)"
    )
    result.add_argument(
        "--label-map", type=Path, metavar="FILE", help="CSV from,to: label of the file, our label"
    )
    result.add_argument(
        "--rules-only", action="store_true", help="rules only (there is no learned model yet)"
    )
    result.add_argument("--predictions", type=Path, metavar="OUT.csv")
    result.add_argument("--json", type=Path, metavar="OUT.json")
    return result


def evaluate(options: argparse.Namespace) -> tuple[dict[str, Any], TaskResult]:
    """Return the report (JSON-ready) and the predictions."""
    data = read_labelled(options.test, options.text_column, options.label_column, options.aspect_column)
    labels = data.aspects if options.task == "polarity" and options.aspect_column else data.labels
    label_map = read_label_map(options.label_map, (*data.labels, *labels))
    result = TASKS[options.task](data, label_map)
    if result.is_multi:
        gold_sets = [frozenset(p.gold) for p in result.predictions]
        figures = multi_label(gold_sets, [frozenset(p.predicted) for p in result.predictions])
        baselines = multi_baselines(gold_sets)
    else:
        gold = [p.gold[0] for p in result.predictions]
        figures = single_label(gold, [p.predicted[0] for p in result.predictions])
        baselines = single_baselines(gold, result.negative)
    report = figures | {
        "task": options.task,
        "rows": len(data.texts),
        "rows_without_label": data.rows_without_label,
        "baselines": baselines,
        "is_cold_start": True,
        "scorer_version": SCORER_VERSION,
        "taxonomy_version": TAXONOMY_VERSION,
        "lexicon_version": LEXICON_VERSION,
    }
    return report, result


def table(report: dict[str, Any]) -> str:
    """Return the report as text."""
    lines = [
        f"{report['task']}  n={report['n']}  scorer {report['scorer_version']}  rules only (cold start)",
        "",
    ]
    lines.append(f"{'':<18}{'accuracy':>9}{'macro_f1':>9}{'micro_f1':>9}")
    rows = {"rules": report} | report["baselines"]
    for name, row in rows.items():
        answer = f"  ({row['answer']})" if "answer" in row else ""
        lines.append(
            f"{name:<18}{row['accuracy']:>9.4f}{row['macro_f1']:>9.4f}{row['micro_f1']:>9.4f}{answer}"
        )
    lines += ["", f"{'n':>7}{'said':>7}{'prec':>7}{'recall':>8}{'f1':>7}  class"]
    classes = sorted(report["classes"].items(), key=lambda item: (-item[1]["n"], item[0]))
    for label, row in classes[:SHOWN_CLASSES]:
        figures = f"{row['precision']:>7.3f}{row['recall']:>8.3f}{row['f1']:>7.3f}"
        lines.append(f"{row['n']:>7}{row['predicted']:>7}{figures}  {label}")
    if len(classes) > SHOWN_CLASSES:
        lines.append(f"  … {len(classes) - SHOWN_CLASSES} more classes (see --json)")
    return "\n".join(lines)


def write_predictions(path: Path, result: TaskResult) -> None:
    """Write one row per judged item: text, gold, predicted (several joined by |), confidence."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["text", "gold", "predicted", "is_right", "confidence"])
        for p in result.predictions:
            right = "true" if p.gold == p.predicted else "false"
            writer.writerow([p.text, "|".join(p.gold), "|".join(p.predicted), right, p.confidence])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 0, 2 (wrong usage) or 3 (bad input)."""
    options = parser().parse_args(arguments)
    try:
        report, result = evaluate(options)
        if options.predictions:
            write_predictions(options.predictions, result)
        if options.json:
            options.json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    except EvaluationError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: cannot be written ({error.strerror})\n")
        return USAGE_ERROR
    sys.stdout.write(table(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
