"""Figures of an evaluation: accuracy, F1, baselines, per class.

Here: arithmetic on gold and predicted labels only (scikit-learn's definitions; a class without any
gold or predicted row does not exist, an undefined ratio is 0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sklearn.metrics import f1_score, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer


def single_label(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, Any]:
    """Return n, accuracy (exact match), macro_f1, micro_f1 and per-class figures."""
    labels = sorted(set(gold) | set(predicted))
    hits = sum(g == p for g, p in zip(gold, predicted, strict=True))
    return {
        "n": len(gold),
        "accuracy": round(hits / len(gold), 4),
        "macro_f1": _f1(gold, predicted, labels, "macro"),
        "micro_f1": _f1(gold, predicted, labels, "micro"),
        "classes": _per_class(gold, predicted, labels),
    }


def multi_label(gold: Sequence[frozenset[str]], predicted: Sequence[frozenset[str]]) -> dict[str, Any]:
    """Return n (texts), accuracy (mean Jaccard; two empty sets agree), macro_f1, micro_f1, per class."""
    labels = sorted(set().union(*gold, *predicted))
    encoder = MultiLabelBinarizer(classes=labels)
    truth, guess = encoder.fit_transform(gold), encoder.transform(predicted)
    overlap = [len(g & p) / len(g | p) if g | p else 1.0 for g, p in zip(gold, predicted, strict=True)]
    precision, recall, f1, support = precision_recall_fscore_support(truth, guess, zero_division=0)
    classes = {
        label: _class_row(precision[i], recall[i], f1[i], support[i], guess[:, i].sum())
        for i, label in enumerate(labels)
    }
    return {
        "n": len(gold),
        "accuracy": round(sum(overlap) / len(overlap), 4),
        "macro_f1": round(float(f1_score(truth, guess, average="macro", zero_division=0)), 4),
        "micro_f1": round(float(f1_score(truth, guess, average="micro", zero_division=0)), 4),
        "classes": classes,
    }


def single_baselines(gold: Sequence[str], negative: str | None) -> dict[str, dict[str, Any]]:
    """Return the figures of always saying the commonest class and, if given, always negative."""
    majority = min(Counter(gold).items(), key=lambda item: (-item[1], item[0]))[0]
    answers = {"majority_class": majority} | ({"always_negative": negative} if negative else {})
    return {
        name: {"answer": answer} | _plain(single_label(gold, [answer] * len(gold)))
        for name, answer in answers.items()
    }


def multi_baselines(gold: Sequence[frozenset[str]]) -> dict[str, dict[str, Any]]:
    """Return the figures of always saying the commonest class."""
    counts = Counter(label for labels in gold for label in labels)
    majority = min(counts.items(), key=lambda item: (-item[1], item[0]))[0]
    figures = multi_label(gold, [frozenset({majority})] * len(gold))
    return {"majority_class": {"answer": majority} | _plain(figures)}


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("accuracy", "macro_f1", "micro_f1")}


def _f1(gold: Sequence[str], predicted: Sequence[str], labels: list[str], average: str) -> float:
    return round(float(f1_score(gold, predicted, labels=labels, average=average, zero_division=0)), 4)


def _per_class(gold: Sequence[str], predicted: Sequence[str], labels: list[str]) -> dict[str, dict[str, Any]]:
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, predicted, labels=labels, zero_division=0
    )
    counts = Counter(predicted)
    return {
        label: _class_row(precision[i], recall[i], f1[i], support[i], counts[label])
        for i, label in enumerate(labels)
    }


def _class_row(precision: float, recall: float, f1: float, support: int, predicted: int) -> dict[str, Any]:
    return {
        "n": int(support),
        "predicted": int(predicted),
        "precision": round(float(precision), 4),
        "recall": round(float(recall), 4),
        "f1": round(float(f1), 4),
    }
