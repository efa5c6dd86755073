"""The word lists of the scorer: read from `ml/resources`, checked, indexed and versioned.

Here: the CSV files become one index that finds every known term of a text in one pass. What the
finds mean is decided next door (`ml.sentiment.opinions`, `ml.aspects`, `ml.urgency`). The files are
meant to be edited by people who do not program: every error names the file, the line and the cure.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml.columns import Flags, Ints
from ml.text.scan import Joined, TermScanner

RESOURCES = Path(__file__).parent / "resources"
LEXICON_FILES = (
    "aspect_terms.csv",
    "emoji.csv",
    "fault_words.csv",
    "modifiers.csv",
    "polarity_words.csv",
    "system_terms.csv",
    "traditional_simplified.csv",
    "urgency_rules.csv",
    "urgency_terms.csv",
)
URGENCY_LEVELS = ("none", "wish", "comfort", "function", "immobilised", "safety")
URGENCY_RANK = {level: rank for rank, level in enumerate(URGENCY_LEVELS)}
# Regular expressions are only tried in a window around their anchor: the pass stays linear.
REGEX_WINDOW = 16


class ResourceError(ValueError):
    """A resource file cannot be used; the message says which line and what to do."""


def read_resource(name: str, folder: Path = RESOURCES) -> list[dict[str, str]]:
    """Return the rows of a resource file, comment lines (`#`) left out; key `_line` is the line number."""
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ResourceError(f"{path}: cannot be read ({error.strerror}); restore the file") from error
    except UnicodeDecodeError as error:
        raise ResourceError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    lines = text.splitlines()
    kept = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not kept:
        raise ResourceError(f"{path}: holds no header line; restore the file")
    reader = csv.reader(io.StringIO("\n".join(line for _, line in kept)))
    header = next(reader)
    rows = []
    for (number, _), cells in zip(kept[1:], reader, strict=False):
        if len(cells) != len(header):
            raise ResourceError(
                f"{path}, line {number}: {len(cells)} fields where the header has {len(header)}; "
                "put a field that holds a comma in double quotes"
            )
        rows.append(dict(zip(header, cells, strict=True)) | {"_line": str(number)})
    return rows


def content_version(names: Iterable[str], folder: Path = RESOURCES) -> str:
    """Return 12 hex of the SHA-256 over the named files, line ends normalised."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode() + b"\0")
        digest.update((folder / name).read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One row of `taxonomy.csv`."""

    code: str
    label_zh: str
    l1_code: str
    l1_label_zh: str
    department_zh: str
    is_safety_critical: bool
    complaint_system_zh: str
    media_aspect_zh: str


@lru_cache(maxsize=1)
def taxonomy() -> dict[str, Aspect]:
    """Return the aspects by code, in file order."""
    rows = read_resource("taxonomy.csv")
    return {
        row["aspect_code"]: Aspect(
            row["aspect_code"],
            row["label_zh"],
            row["l1_code"],
            row["l1_label_zh"],
            row["department_zh"],
            row["is_safety_critical"] == "true",
            row["complaint_system_zh"],
            row["media_aspect_zh"],
        )
        for row in rows
    }


@lru_cache(maxsize=1)
def aspect_numbers() -> dict[str, int]:
    """Return the number of each aspect code, in file order."""
    return {code: number for number, code in enumerate(taxonomy())}


@dataclass(frozen=True, slots=True)
class AspectSense:
    """What a term says about the subject: aspect, direction of scales (1, -1, 0), weight 1..3."""

    code: str
    direction: int
    weight: int


@dataclass(frozen=True, slots=True)
class WordSense:
    """What a term does to a judgement. `role` is a kind of the polarity, fault and modifier files."""

    role: str
    polarity: int = 0
    factor: int = 1
    aspect_code: str = ""
    whole_word: bool = False


@dataclass(slots=True)
class Term:
    """One surface form with all its senses, layer by layer."""

    text: str
    aspects: tuple[AspectSense, ...] = ()
    word: WordSense | None = None
    markers: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    anchors: tuple[tuple[re.Pattern[str], AspectSense], ...] = ()


class Finds(NamedTuple):
    """What one pass over a batch found: spans and numbers of senses, by start, layer and end.

    A layer is free of overlaps but for what patterns find.
    """

    starts: Ints
    ends: Ints
    senses: Ints
    layers: Ints

    def take(self, which: Ints | Flags) -> Finds:
        """Return the finds of a mask or of a list of positions."""
        return Finds(*(column[which] for column in self))


@dataclass(frozen=True, slots=True)
class UrgencyRule:
    """One row of `urgency_rules.csv`."""

    component: str
    symptom: str
    needs_driving: bool
    same_clause: bool
    urgency: str
    aspect_code: str


MARKER_KINDS = frozenset({"enquiry", "why", "hypothetical", "wish", "driving"})
# Looked for only around a negation, where they bound its reach.
REACH_KINDS = frozenset({"contrast", "blocker", "list"})
WORD_KINDS = frozenset({"negator", "soft_negator", "rhetorical", "intensifier", "resolved"})
DIRECTIONS = {"more_good": 1, "more_bad": -1, "": 0}


class Lexicon:
    """All terms, ready to be found."""

    def __init__(self, folder: Path = RESOURCES) -> None:
        """Read and check every file of `folder`; raises `ResourceError`."""
        self.folder = folder
        self.terms: dict[str, Term] = {}
        self._load_aspects()
        self._load_polarity()
        self._load_faults()
        reach = self._load_modifiers()
        self.contrast = tuple(reach["contrast"])
        self.blocker = _any_of(reach["blocker"])
        self.list_word = _any_of(reach["list"])
        self._load_urgency()
        self.rules = self._load_rules()
        self.list_reach = max(map(len, reach["list"]), default=0)
        self._number_senses()
        self._scanner = TermScanner(list(self.terms))

    # -- reading ---------------------------------------------------------------------------------

    def _term(self, text: str) -> Term:
        return self.terms.setdefault(text, Term(text))

    @staticmethod
    def _split(row: dict[str, str]) -> Iterator[str]:
        # Terms meet normalised text (half-width, lower case), so they are folded the same way.
        seen: set[str] = set()
        for term in row["terms"].split("|"):
            folded = term.strip().lower().replace("！", "!")
            if folded and folded not in seen:
                seen.add(folded)
                yield folded

    def _number(self, name: str, row: dict[str, str], column: str, low: int, high: int) -> int:
        try:
            value = int(row[column])
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ResourceError(
                f"{self.folder / name}, line {row['_line']}: {column} is {row[column]!r}; "
                f"write a whole number from {low} to {high}"
            )
        return value

    def _check_code(self, name: str, row: dict[str, str], *, may_be_empty: bool = False) -> None:
        code = row["aspect_code"]
        if code not in taxonomy() and (code or not may_be_empty):
            raise ResourceError(
                f"{self.folder / name}, line {row['_line']}: aspect_code {code!r} is not in taxonomy.csv"
            )

    def _load_aspects(self) -> None:
        name = "aspect_terms.csv"
        for row in read_resource(name, self.folder):
            where = f"{self.folder / name}, line {row['_line']}"
            self._check_code(name, row)
            if row["direction"] not in DIRECTIONS:
                raise ResourceError(f"{where}: direction must be more_good, more_bad or empty")
            weight = self._number(name, row, "weight", 1, 3)
            sense = AspectSense(row["aspect_code"], DIRECTIONS[row["direction"]], weight)
            if row["kind"] == "regex":
                self._add_regex(row, sense, where)
                continue
            if row["kind"] != "term":
                raise ResourceError(f"{where}: kind must be term or regex")
            for text in self._split(row):
                term = self._term(text)
                if all(old.code != sense.code for old in term.aspects):
                    term.aspects += (sense,)

    def _add_regex(self, row: dict[str, str], sense: AspectSense, where: str) -> None:
        pattern, anchor = row["terms"], row["anchor"].lower()
        if not anchor or re.search(r"(?<!\\)[*+]|,\}", pattern):
            raise ResourceError(f"{where}: a regex needs an anchor and bounded repeats ({{1,3}}, not * or +)")
        try:
            compiled = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ResourceError(f"{where}: not a regular expression ({error})") from error
        term = self._term(anchor)
        term.anchors += ((compiled, sense),)

    def _load_polarity(self) -> None:
        name = "polarity_words.csv"
        for row in read_resource(name, self.folder):
            polarity = self._number(name, row, "polarity", -1, 1)
            intensity = self._number(name, row, "intensity", 1, 3)
            role = {"any": "opinion", "word": "opinion"}.get(row["kind"], row["kind"])
            if role not in {"opinion", "mask", "more", "less"}:
                raise ResourceError(
                    f"{self.folder / name}, line {row['_line']}: kind {row['kind']!r} is unknown"
                )
            # Single characters of scale (高, 大) are part of many words.
            for text in self._split(row):
                whole = row["kind"] == "word" or (role in {"more", "less"} and len(text) == 1)
                sense = WordSense(role, polarity, intensity, whole_word=whole)
                self._set_word(text, sense)

    def _set_word(self, text: str, sense: WordSense) -> None:
        term = self._term(text)
        # A mask is the most specific statement about a word; otherwise the first file row wins.
        if term.word is None or sense.role == "mask":
            term.word = sense

    def _load_faults(self) -> None:
        name = "fault_words.csv"
        for row in read_resource(name, self.folder):
            intensity = self._number(name, row, "intensity", 1, 3)
            self._check_code(name, row, may_be_empty=True)
            for text in self._split(row):
                old = self._term(text).word
                if old is None or old.role == "opinion":
                    whole = row["kind"] == "word"
                    self._term(text).word = WordSense("fault", -1, intensity, row["aspect_code"], whole)

    def _load_modifiers(self) -> dict[str, list[str]]:
        name = "modifiers.csv"
        reach: dict[str, list[str]] = {kind: [] for kind in REACH_KINDS}
        for row in read_resource(name, self.folder):
            kind = row["kind"]
            factor = self._number(name, row, "factor", 1, 3)
            for text in self._split(row):
                if kind in REACH_KINDS:
                    reach[kind].append(text)
                elif kind in MARKER_KINDS:
                    term = self._term(text)
                    term.markers += (kind,)
                elif kind in WORD_KINDS:
                    self._set_word(text, WordSense(kind, 0, factor, whole_word=False))
                else:
                    raise ResourceError(
                        f"{self.folder / name}, line {row['_line']}: kind {kind!r} is unknown"
                    )
        return reach

    def _load_urgency(self) -> None:
        name = "urgency_terms.csv"
        for row in read_resource(name, self.folder):
            for text in self._split(row):
                term = self._term(text)
                if row["role"] == "component":
                    term.components += (row["name"],)
                elif row["role"] == "symptom":
                    term.symptoms += (row["name"],)
                else:
                    raise ResourceError(
                        f"{self.folder / name}, line {row['_line']}: role {row['role']!r} is unknown"
                    )

    def _load_rules(self) -> dict[tuple[str, str], tuple[tuple[int, UrgencyRule], ...]]:
        name = "urgency_rules.csv"
        rules: dict[tuple[str, str], tuple[tuple[int, UrgencyRule], ...]] = {}
        for order, row in enumerate(read_resource(name, self.folder)):
            if row["urgency"] not in URGENCY_RANK:
                raise ResourceError(
                    f"{self.folder / name}, line {row['_line']}: "
                    f"urgency must be one of {', '.join(URGENCY_LEVELS)}"
                )
            self._check_code(name, row, may_be_empty=True)
            rule = UrgencyRule(
                row["component"],
                row["symptom"],
                row["context"] == "driving",
                row["near"] == "clause",
                row["urgency"],
                row["aspect_code"],
            )
            key = (rule.component, rule.symptom)
            rules[key] = (*rules.get(key, ()), (order, rule))
        return rules

    # -- finding ---------------------------------------------------------------------------------

    def _number_senses(self) -> None:
        """Give each sense of each layer a number and each term the numbers of its senses."""
        numbers: dict[tuple[int, Any], int] = {}
        terms = list(self.terms.values())
        self._senses_of = np.full((len(LAYERS), len(terms)), -1, np.int64)
        self._anchors: dict[int, tuple[tuple[re.Pattern[str], int], ...]] = {}
        for place, term in enumerate(terms):
            for layer, sense in _layers(term):
                self._senses_of[layer, place] = numbers.setdefault((layer, sense), len(numbers))
            if term.anchors:
                self._anchors[place] = tuple(
                    (pattern, numbers.setdefault((ASPECTS, (sense,)), len(numbers)))
                    for pattern, sense in term.anchors
                )
        self.senses: list[Any] = [sense for _, sense in numbers]
        self._is_anchor = np.zeros(len(terms), np.bool_)
        self._is_anchor[list(self._anchors)] = True
        self.layers = [layer for layer, _ in numbers]
        self._layer_of = np.array(self.layers, np.int64)

    def flags(self, layer: int, holds: Callable[[Any], bool]) -> Flags:
        """Return by number which senses are of the layer and such that `holds` is true of them."""
        senses = zip(self.layers, self.senses, strict=True)
        return np.array([number == layer and holds(sense) for number, sense in senses], np.bool_)

    def find_all(self, joined: Joined) -> Finds:
        """Return every term of the texts; leftmost longest, layer by layer, in linear time."""
        starts, ends, terms = self._scanner.scan(joined)
        parts = []
        for senses_of in self._senses_of:
            senses = senses_of[terms]
            here = np.flatnonzero(senses >= 0)
            here = here[_leftmost_longest(starts[here], ends[here])]
            parts.append((starts[here], ends[here], senses[here]))
        anchored = np.flatnonzero(self._is_anchor[terms])
        parts.append(self._patterns(joined, starts[anchored], ends[anchored], terms[anchored]))
        starts, ends, senses = (np.concatenate(column) for column in zip(*parts, strict=True))
        layers = self._layer_of[senses]
        order = np.argsort(((starts * len(LAYERS) + layers) << 16) + ends - starts, kind="stable")
        return Finds(starts[order], ends[order], senses[order], layers[order])

    def _patterns(self, joined: Joined, starts: Ints, ends: Ints, terms: Ints) -> tuple[Ints, Ints, Ints]:
        """Return what the regular expressions find around their anchors."""
        owners = joined.owners(starts)
        texts = {owner: (joined.begin(owner), joined.one(owner)) for owner in np.unique(owners).tolist()}
        found = []
        for owner, *span, term in zip(*(c.tolist() for c in (owners, starts, ends, terms)), strict=True):
            begin, text = texts[owner]
            for low, high, sense in _try_patterns(
                text, span[0] - begin, span[1] - begin, self._anchors[term]
            ):
                found.append((begin + low, begin + high, sense))
        columns = np.array(found, np.int64).reshape(-1, 3).T
        return columns[0], columns[1], columns[2]

    def domain_words(self) -> list[str]:
        """Return the multi-character Chinese terms, sorted: the words taught to the segmenter."""
        named = (t for t in self.terms.values() if t.aspects or (t.word and t.word.role in {"fault", "mask"}))
        return sorted(t.text for t in named if 2 <= len(t.text) <= 5 and re.fullmatch(r"[一-鿿]+", t.text))


_Anchors = tuple[tuple[re.Pattern[str], int], ...]
# The layers of a term by number, and the names of its fields.
ASPECTS, WORDS, MARKERS, COMPONENTS, SYMPTOMS = range(5)
LAYERS = ("aspects", "word", "markers", "components", "symptoms")


def _any_of(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w))))


def _layers(term: Term) -> tuple[tuple[int, Any], ...]:
    """Return (layer, sense) for the senses a term has; layers in the order of `Finds`."""
    senses = [getattr(term, layer) for layer in LAYERS]
    return tuple((layer, sense) for layer, sense in enumerate(senses) if sense)


def _try_patterns(text: str, start: int, end: int, anchors: _Anchors) -> Iterator[tuple[int, int, int]]:
    low, high = max(0, start - REGEX_WINDOW), min(len(text), end + REGEX_WINDOW)
    for pattern, sense in anchors:
        for match in pattern.finditer(text, low, high):
            if match.start() <= start < match.end():
                yield match.start(), match.end(), sense
                break


def _leftmost_longest(starts: Ints, ends: Ints) -> Flags:
    """Return which spans stay if each in turn takes its place; by start, the longest first."""
    reach = np.concatenate(([0], np.maximum.accumulate(ends)[:-1])) if len(ends) else ends
    kept: Flags = starts >= reach
    # Spans that touch form a group; its first stays, then the first that begins behind it, and so on.
    groups = np.append(np.flatnonzero(kept), len(starts))
    several = np.diff(groups) > 1
    last, stop = groups[:-1][several], groups[1:][several]
    while last.size:
        following = np.searchsorted(starts, ends[last])
        inside = following < stop
        last, stop = following[inside], stop[inside]
        kept[last] = True
    return kept


@lru_cache(maxsize=1)
def default_lexicon() -> Lexicon:
    """Return the shipped lexicon, read once per process."""
    return Lexicon()
