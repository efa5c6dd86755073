"""The resource files: complete, consistent, and clear when somebody breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ml import scoring
from ml.aspects.system import SystemClassifier
from ml.lexicon import (
    RESOURCES,
    Lexicon,
    ResourceError,
    content_version,
    default_lexicon,
    read_resource,
    taxonomy,
)
from ml.scoring import CACHE_VERSION, LEXICON_VERSION, SCORER_VERSION, TAXONOMY_VERSION, Scorer

ROOT = Path(__file__).parents[2]


def test_taxonomy_has_twelve_areas_and_sixty_aspects():
    aspects = taxonomy().values()
    assert len(aspects) == 60
    assert len({a.l1_code for a in aspects}) == 12
    assert all(a.code.startswith(a.l1_code + "-") and a.label_zh and a.department_zh for a in aspects)
    assert len({a.media_aspect_zh for a in aspects if a.media_aspect_zh}) == 10


def test_a_database_reads_the_taxonomy_without_options():
    rows = duckdb.connect().execute(
        "select count(*), count(distinct aspect_code), bool_or(is_safety_critical) "
        f"from '{RESOURCES}/taxonomy.csv'"
    )
    assert rows.fetchone() == (60, 60, True)


def test_every_aspect_has_terms_and_every_rule_can_fire():
    lexicon = default_lexicon()
    named = {sense.code for term in lexicon.terms.values() for sense in term.aspects}
    assert named == set(taxonomy())
    components = {name for term in lexicon.terms.values() for name in term.components} | {"*"}
    symptoms = {name for term in lexicon.terms.values() for name in term.symptoms}
    for rules in lexicon.rules.values():
        for _, rule in rules:
            assert rule.component in components
            assert rule.symptom in symptoms
            assert not rule.aspect_code or rule.aspect_code in taxonomy()


def test_nineteen_systems():
    assert len(SystemClassifier().systems) == 19


def test_every_file_says_where_it_comes_from():
    for path in RESOURCES.glob("*.csv"):
        if path.name != "taxonomy.csv":
            head = path.read_text(encoding="utf-8").split("\n\n")[0][:900]
            assert head.startswith("#")
            assert "Provenance:" in head or "Source:" in head
    assert "taxonomy.csv" in (RESOURCES / "README.md").read_text(encoding="utf-8")


def test_versions_follow_the_content(tmp_path):
    assert f"tax-{content_version(['taxonomy.csv'])}" == TAXONOMY_VERSION
    assert LEXICON_VERSION.startswith("lex-")
    assert SCORER_VERSION.startswith("rules-")
    copy = tmp_path / "taxonomy.csv"
    shutil.copy(RESOURCES / "taxonomy.csv", copy)
    same = content_version(["taxonomy.csv"], tmp_path)
    copy.write_bytes(copy.read_bytes().replace(b"\n", b"\r\n"))
    assert content_version(["taxonomy.csv"], tmp_path) == same == content_version(["taxonomy.csv"])
    copy.write_text(copy.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert content_version(["taxonomy.csv"], tmp_path) != same


def test_every_module_of_the_chain_is_part_of_the_version():
    scored = modules_of("ml.scoring")
    assert scored == set(scoring._CODE)
    repaired = modules_of("ml.scoring, ml.text.noise, ml.text.normalize")
    assert repaired - scored == set(scoring._REPAIR_CODE)


def modules_of(imported):
    """Return the files of the package, but for those of packages, that an import brings along."""
    names = "print(*(n for n in sys.modules if n.startswith('ml.') and sys.modules[n].__file__))"
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {imported}; {names}",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    files = {name.removeprefix("ml.").replace(".", "/") + ".py" for name in found}
    packages = {"aspects.py", "sentiment.py", "text.py"}
    return files - packages


def test_other_noise_words_make_new_score_files_of_known_scores(monkeypatch, tmp_path):
    folder = shutil.copytree(RESOURCES, tmp_path / "resources")

    def of_copy(names, of=folder):
        return content_version(names, of)

    monkeypatch.setattr(scoring, "content_version", of_copy)
    assert (scoring._cache_version(), scoring._scorer_version()) == (CACHE_VERSION, SCORER_VERSION)
    for name in scoring._REPAIR_FILES:
        before = scoring._scorer_version()
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("# more\n")
        assert scoring._cache_version() == CACHE_VERSION
        assert scoring._scorer_version() != before


def edited(tmp_path, name, line):
    folder = tmp_path / "resources"
    shutil.copytree(RESOURCES, folder)
    with (folder / name).open("a", encoding="utf-8") as handle:
        handle.write(line + "\n")
    return folder


def test_a_word_can_be_added_without_code(tmp_path):
    folder = edited(tmp_path, "fault_words.csv", "2,any,,噗噗叫")
    assert Scorer(Lexicon(folder)).score(["发动机噗噗叫"])[0].sentiment_polarity == -1
    assert Scorer().score(["发动机噗噗叫"])[0].sentiment_polarity == 0


BROKEN = [
    ("aspect_terms.csv", "XXX-YYY,term,,3,,词", "XXX-YYY"),
    ("aspect_terms.csv", "PWR-ENG,term,up,3,,词", "direction"),
    ("aspect_terms.csv", "PWR-ENG,term,,9,,词", "whole number from 1 to 3"),
    ("aspect_terms.csv", "PWR-ENG,regex,,3,油,油.*", "bounded"),
    ("aspect_terms.csv", "PWR-ENG,regex,,3,油,油(", "regular expression"),
    ("aspect_terms.csv", "PWR-ENG,fuzzy,,3,,词", "term or regex"),
    ("polarity_words.csv", "2,1,any,词", "polarity"),
    ("polarity_words.csv", "1,1,some,词", "kind"),
    ("fault_words.csv", "1,any,词", "3 fields where the header has 4"),
    ("fault_words.csv", "1,any,XXX-YYY,词", "XXX-YYY"),
    ("urgency_rules.csv", "brake,fail,*,clause,safety,XXX-YYY", "XXX-YYY"),
    ("modifiers.csv", "turner,1,词", "kind"),
    ("urgency_terms.csv", "part,brake,词", "role"),
    ("urgency_rules.csv", "brake,fail,*,clause,deadly,", "urgency must be one of"),
]


@pytest.mark.parametrize(("name", "line", "message"), BROKEN)
def test_a_broken_line_is_named(tmp_path, name, line, message):
    folder = edited(tmp_path, name, line)
    number = len((folder / name).read_text(encoding="utf-8").splitlines())
    with pytest.raises(ResourceError, match=message) as caught:
        Lexicon(folder)
    assert f"line {number}" in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResourceError, match=r"gone\.csv: cannot be read"):
        read_resource("gone.csv", tmp_path)
