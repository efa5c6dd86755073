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


Facts = Mapping[str, str]
Say = Callable[[Rand, "Speaker"], str]


class Rule:
    """A named choice; an alternative is a plain string or a tuple of parts."""

    __slots__ = ("alts", "name", "size")

    def __init__(self, name: str) -> None:
        self.name = name
        self.alts: list[str | Say] = []
        self.size = 0

    def say(self, rand: Rand, speaker: Speaker) -> str:
        """One alternative, fully expanded."""
        chosen = self.alts[int(rand() * self.size)]
        return chosen if type(chosen) is str else chosen(rand, speaker)  # type: ignore[operator]


Scope = dict[str, Rule]


class Speaker:
    """What one text is about: the facts of the speaker and the rules of the aspect."""

    __slots__ = ("aspect", "facts")

    def __init__(self, facts: Facts, aspect: Scope) -> None:
        self.facts = facts
        self.aspect = aspect


class Grammar:
    """General rules plus one scope of rules per aspect code."""

    def __init__(self, general: Scope, aspects: dict[str, Scope]) -> None:
        self.general = general
        self.aspects = aspects

    @classmethod
    def read(cls, folder: Path, extra: Iterable[str] = ()) -> Grammar:
        """Read every ``*.txt`` of a folder, in name order, after the ``extra`` lines."""
        lines = list(extra)
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
                rule.size = len(rule.alts)
        return cls(general, _with_defaults(aspects, general, aspect_names))

    def say(self, name: str, rand: Rand, speaker: Speaker) -> str:
        """Expand the general rule ``name`` to a text."""
        return self.general[name].say(rand, speaker)


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


def _compile(text: str, scope: Scope, aspect_names: set[str], owner: str) -> str | Say:
    """Return an alternative as a string, or as one function joining its parts (quicker than walking them).

    The source is put together from literals (by ``repr``) and fixed snippets only, never from data.
    """
    text = text.replace("\\n", "\n").replace("␣", " ").replace("∅", "")
    if not _TOKEN.search(text):
        return text
    bound: dict[str, Rule] = {}
    pieces: list[str] = []
    last = 0
    for token in _TOKEN.finditer(text):
        pieces += [repr(text[last : token.start()])] if token.start() > last else []
        pieces.append(_snippet(token.group(1), scope, aspect_names, owner, bound))
        last = token.end()
    pieces += [repr(text[last:])] if last < len(text) else []
    body = pieces[0] if len(pieces) == 1 else "''.join((" + ", ".join(pieces) + "))"
    return eval(f"lambda rand, speaker: {body}", dict(bound))  # noqa: S307


def _snippet(token: str, scope: Scope, aspect_names: set[str], owner: str, bound: dict[str, Rule]) -> str:
    """Python expression for one ``{token}``; rules it needs are put into ``bound``."""
    if token[0] == "$":
        return f"speaker.facts[{token[1:]!r}]"
    if token[0] == "~":
        if token[1:] not in aspect_names:
            raise GrammarError(f"rule {owner!r} asks for {{{token}}}, which has no general any_ rule")
        return f"speaker.aspect[{token[1:]!r}].say(rand, speaker)"
    low, dash, high = token.partition("-")
    if dash and low.isdigit():
        return f"str({int(low)} + int(rand() * {int(high) - int(low) + 1}))"
    if dash and low.replace(".", "").isdigit():
        first, span = round(float(low) * 10), round((float(high) - float(low)) * 10) + 1
        return f"str(({first} + int(rand() * {span})) / 10)"
    name = token.removesuffix("?")
    if name not in scope:
        raise GrammarError(f"rule {owner!r} refers to {{{token}}}, which is not defined")
    alias = f"rule{len(bound)}"
    bound[alias] = scope[name]
    call = f"{alias}.say(rand, speaker)"
    return f"({call} if rand() < 0.5 else '')" if token.endswith("?") else call


def _with_defaults(aspects: dict[str, Scope], general: Scope, names: set[str]) -> dict[str, Scope]:
    """Give an aspect the general rule ``any_<name>`` where it has no rule ``<name>`` of its own."""
    for scope in aspects.values():
        for name in names - set(scope):
            scope[name] = general[f"any_{name}"]
    return aspects
