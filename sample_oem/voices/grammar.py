"""A context-free phrase grammar: read from text files, expanded with one random stream.

A stock file holds rules::

    = rule_name
    an alternative with {other_rule} | another, {12-60} 公里 | 3*a threefold likely one

``{rule}`` expands a rule, ``{rule?}`` does so half of the time, ``{3-60}`` is a whole number,
``{3.1-9.9}`` one with a decimal, ``{$name}`` a fact of the speaker, ``{~name}`` a rule of the aspect
spoken about. ``@ CODE`` opens an aspect; rules after it belong to that aspect until the next ``@``.
Lines starting with ``#`` are remarks. What is said in which order is decided in the channel composers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Rand = Callable[[], float]
_TOKEN = re.compile(r"\{([^{}]+)\}")
_WEIGHT = re.compile(r"^(\d+)\*(?=\D)")


class GrammarError(ValueError):
    """A stock file that cannot be read; says which rule and what is wrong with it."""


class Rule:
    """A named choice; ``alts`` are strings or tuples of parts."""

    __slots__ = ("alts", "name", "size")

    def __init__(self, name: str) -> None:
        self.name = name
        self.alts: list[object] = []
        self.size = 0

    def seal(self) -> None:
        """Fix the number of alternatives after linking."""
        self.size = len(self.alts)


class _Maybe:
    __slots__ = ("rule",)

    def __init__(self, rule: Rule) -> None:
        self.rule = rule


class _Fact:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _OfAspect(_Fact):
    __slots__ = ()


class _Number:
    __slots__ = ("low", "span")

    def __init__(self, low: int, high: int) -> None:
        self.low, self.span = low, high - low + 1


class _Decimal(_Number):
    __slots__ = ()


Scope = dict[str, Rule]


class Speaker:
    """What one text is about: the facts of the speaker and the rules of the aspect."""

    __slots__ = ("aspect", "facts")

    def __init__(self, facts: Mapping[str, str], aspect: Scope) -> None:
        self.facts = facts
        self.aspect = aspect


def _expand(rule: Rule, rand: Rand, speaker: Speaker, out: list[str]) -> None:
    alternative = rule.alts[int(rand() * rule.size)]
    if type(alternative) is str:
        out.append(alternative)
        return
    for part in alternative:  # type: ignore[attr-defined]
        kind = type(part)
        if kind is str:
            out.append(part)
        elif kind is Rule:
            _expand(part, rand, speaker, out)
        else:
            _expand_special(part, rand, speaker, out)


def _expand_special(part: object, rand: Rand, speaker: Speaker, out: list[str]) -> None:
    kind = type(part)
    if kind is _OfAspect:
        _expand(speaker.aspect[part.name], rand, speaker, out)  # type: ignore[attr-defined]
    elif kind is _Number:
        out.append(str(part.low + int(rand() * part.span)))  # type: ignore[attr-defined]
    elif kind is _Decimal:
        out.append(f"{(part.low + int(rand() * part.span)) / 10:.1f}")  # type: ignore[attr-defined]
    elif kind is _Fact:
        out.append(speaker.facts[part.name])  # type: ignore[attr-defined]
    elif rand() < 0.5:
        _expand(part.rule, rand, speaker, out)  # type: ignore[attr-defined]


class Grammar:
    """General rules plus one scope of rules per aspect code."""

    def __init__(self, general: Scope, aspects: dict[str, Scope]) -> None:
        self.general = general
        self.aspects = aspects

    @classmethod
    def read(cls, folder: Path) -> Grammar:
        """Read every ``*.txt`` of a folder, in name order."""
        lines: list[str] = []
        for path in sorted(folder.glob("*.txt")):
            lines += ["@", *path.read_text(encoding="utf-8").splitlines()]
        return cls.parse(lines)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Grammar:
        """Build the grammar; every referenced rule must exist."""
        raw = _collect(lines)
        aspect_names = {name.removeprefix("any_") for name in raw.get("", {}) if name.startswith("any_")}
        general = {name: Rule(name) for name in raw.get("", {})}
        for name, rule in general.items():
            rule.alts = [_compile(text, general, aspect_names, name) for text in raw[""][name]]
        aspects: dict[str, Scope] = {}
        for code in (c for c in raw if c):
            scope = {name: Rule(f"{code}.{name}") for name in raw[code]}
            for name, rule in scope.items():
                rule.alts = [
                    _compile(t, {**general, **scope}, aspect_names, rule.name) for t in raw[code][name]
                ]
            aspects[code] = scope
        for scope in (general, *aspects.values()):
            for rule in scope.values():
                rule.seal()
        return cls(general, _with_defaults(aspects, general, aspect_names))

    def say(self, name: str, rand: Rand, speaker: Speaker) -> str:
        """Expand the general rule ``name`` to a text."""
        out: list[str] = []
        _expand(self.general[name], rand, speaker, out)
        return "".join(out)


def _collect(lines: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Alternatives by aspect code ('' = general) and rule name; weights are written out."""
    raw: dict[str, dict[str, list[str]]] = {}
    code, current = "", None
    for line in lines:
        text = line.strip()
        if text.startswith("@"):
            code, current = text[1:].strip().split(" ")[0], None
        elif text.startswith("="):
            current = raw.setdefault(code, {}).setdefault(text[1:].strip(), [])
        elif text and not text.startswith("#"):
            if current is None:
                raise GrammarError(f"phrase before any rule: {text[:40]!r}; open a rule with '= name' first")
            current += [alt for item in text.split("|") for alt in _weighted(item.strip()) if alt]
    return raw


def _weighted(item: str) -> list[str]:
    found = _WEIGHT.match(item)
    return [item[found.end() :]] * int(found.group(1)) if found else [item]


def _compile(text: str, scope: Scope, aspect_names: set[str], owner: str) -> object:
    text = text.replace("\\n", "\n").replace("␣", " ").replace("∅", "")
    parts: list[object] = []
    last = 0
    for token in _TOKEN.finditer(text):
        if token.start() > last:
            parts.append(text[last : token.start()])
        parts.append(_compile_token(token.group(1), scope, aspect_names, owner))
        last = token.end()
    if not parts:
        return text
    if last < len(text):
        parts.append(text[last:])
    return tuple(parts)


def _compile_token(token: str, scope: Scope, aspect_names: set[str], owner: str) -> object:
    if token[0] == "$":
        return _Fact(token[1:])
    if token[0] == "~":
        if token[1:] not in aspect_names:
            raise GrammarError(f"rule {owner!r} asks for {{{token}}}, which has no general any_ rule")
        return _OfAspect(token[1:])
    low, dash, high = token.partition("-")
    if dash and low.isdigit():
        return _Number(int(low), int(high))
    if dash and low.replace(".", "").isdigit():
        return _Decimal(round(float(low) * 10), round(float(high) * 10))
    name = token.removesuffix("?")
    if name not in scope:
        raise GrammarError(f"rule {owner!r} refers to {{{token}}}, which is not defined")
    return _Maybe(scope[name]) if token.endswith("?") else scope[name]


def _with_defaults(aspects: dict[str, Scope], general: Scope, names: set[str]) -> dict[str, Scope]:
    """Give an aspect the general rule ``any_<name>`` where it has no rule ``<name>`` of its own."""
    for scope in aspects.values():
        for name in names - set(scope):
            scope[name] = general[f"any_{name}"]
    return aspects
