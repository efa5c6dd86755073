"""The four tasks of the evaluation command: from a labelled file to gold and predicted labels.

Here: what our scorer says in the labels of the file. Reading the file is `ml.evaluation.data`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ml.aspects.system import default_classifier
from ml.evaluation.data import INPUT_ERROR, EvaluationError, Labelled
from ml.lexicon import taxonomy
from ml.scoring import MentionScore, Scorer, TextScore

_POLARITY_NAMES = {
    "-1": "-1", "0": "0", "1": "1", "+1": "1", "-1.0": "-1", "0.0": "0", "1.0": "1",
    "neg": "-1", "negative": "-1", "负面": "-1", "消极": "-1", "负": "-1", "差评": "-1",
    "neu": "0", "neutral": "0", "中性": "0", "中立": "0", "中": "0", "中评": "0",
    "pos": "1", "positive": "1", "正面": "1", "积极": "1", "正": "1", "好评": "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prediction:
    """One judged item: text, gold and predicted labels (sorted; one each for one-label tasks), confidence."""

    text: str
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class TaskResult:
    """Predictions of a task; `negative` is the label that means bad, where there is one."""

    predictions: list[Prediction]
    is_multi: bool
    negative: str | None


def run_system(data: Labelled, label_map: Mapping[str, str]) -> TaskResult:
    """Judge each row: complaint text → one of the 19 systems."""
    classifier = default_classifier()
    guesses = {text: classifier.classify(text) for text in dict.fromkeys(data.texts)}
    predictions = [
        Prediction(text, (label_map.get(label, label),), (guesses[text].system,), guesses[text].score)
        for text, label in zip(data.texts, data.labels, strict=True)
    ]
    return TaskResult(predictions, is_multi=False, negative=None)


def run_aspects(data: Labelled, label_map: Mapping[str, str]) -> TaskResult:
    """Judge each distinct text: the set of its labels.

    A mention answers to its aspect code, its label, its area and its media aspect; it is said with
    those of these names that are labels of the file.
    """
    gold: dict[str, set[str]] = {}
    for text, label in zip(data.texts, data.labels, strict=True):
        gold.setdefault(text, set()).add(label_map.get(label, label))
    vocabulary = set().union(*gold.values())
    texts = list(gold)
    predictions = []
    for text, score in zip(texts, Scorer().score(texts), strict=True):
        names = {name for mention in score.mentions for name in aspect_names(mention)} & vocabulary
        predictions.append(
            Prediction(text, tuple(sorted(gold[text])), tuple(sorted(names)), score.confidence)
        )
    if not vocabulary & {name for aspect in taxonomy().values() for name in _names(aspect.code)}:
        raise EvaluationError(
            f"none of the labels is known to the taxonomy ({', '.join(sorted(vocabulary)[:8])}); "
            "give --label-map with columns from,to",
            INPUT_ERROR,
        )
    return TaskResult(predictions, is_multi=True, negative=None)


def _names(code: str) -> tuple[str, ...]:
    aspect = taxonomy()[code]
    return (aspect.code, aspect.label_zh, aspect.l1_code, aspect.l1_label_zh, aspect.media_aspect_zh)


def aspect_names(mention: MentionScore) -> tuple[str, ...]:
    """Return the names a mention answers to."""
    return tuple(name for name in _names(mention.aspect_code) if name)


def run_polarity(data: Labelled, label_map: Mapping[str, str]) -> TaskResult:
    """Judge each row: polarity of the labelled aspect (of the whole text without an aspect column)."""
    gold = [_polarity(label_map.get(label, label)) for label in data.labels]
    texts = list(dict.fromkeys(data.texts))
    scores = dict(zip(texts, Scorer().score(texts), strict=True))
    predictions = []
    for text, aspect, label in zip(data.texts, data.aspects, gold, strict=True):
        answer, confidence = _aspect_polarity(scores[text], aspect)
        predictions.append(Prediction(text, (label,), (str(answer),), confidence))
    return TaskResult(predictions, is_multi=False, negative="-1")


def _aspect_polarity(score: TextScore, aspect: str) -> tuple[int, float]:
    if not aspect:
        return score.sentiment_polarity, score.confidence
    mentions = [m for m in score.mentions if aspect in aspect_names(m)]
    if not mentions:
        # The aspect was not recognised: the judgement of a text about one thing only is its best guess.
        return (score.sentiment_polarity if len(score.mentions) <= 1 else 0), 0.0
    total = sum(m.polarity * m.intensity * m.confidence for m in mentions)
    return (total > 0) - (total < 0), max(m.confidence for m in mentions)


def run_sentiment(data: Labelled, label_map: Mapping[str, str]) -> TaskResult:
    """Judge each row as a whole. Labels 0 and 1 alone mean bad and good; otherwise -1, 0, 1."""
    labels = [label_map.get(label, label) for label in data.labels]
    binary = set(labels) <= {"0", "1"} and not label_map
    gold = labels if binary else [_polarity(label) for label in labels]
    two_sided = binary or "0" not in set(gold)
    texts = list(dict.fromkeys(data.texts))
    scores = dict(zip(texts, Scorer().score(texts), strict=True))
    predictions = []
    for text, label in zip(data.texts, gold, strict=True):
        answer = _overall(scores[text], two_sided)
        shown = {"-1": "0", "1": "1"}[answer] if binary else answer
        predictions.append(Prediction(text, (label,), (shown,), scores[text].confidence))
    return TaskResult(predictions, is_multi=False, negative="0" if binary else "-1")


def _overall(score: TextScore, two_sided: bool) -> str:
    if two_sided:
        return "1" if score.sentiment_score > 0 else "-1"
    return str(score.sentiment_polarity)


def _polarity(label: str) -> str:
    known = _POLARITY_NAMES.get(label.lower())
    if known is None:
        raise EvaluationError(
            f"label {label!r} is no polarity; give --label-map with columns from,to (to: -1, 0 or 1)",
            INPUT_ERROR,
        )
    return known


TASKS: dict[str, Callable[[Labelled, Mapping[str, str]], TaskResult]] = {
    "system": run_system,
    "aspects": run_aspects,
    "polarity": run_polarity,
    "sentiment": run_sentiment,
}
