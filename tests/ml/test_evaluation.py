"""The evaluation command on small files of our own, good and bad."""

import csv

import orjson
import pytest

from ml.evaluation.__main__ import main

REVIEWS = [("空间大，很满意", "1"), ("漏油，垃圾", "0"), ("好看", "1"), ("太吵了", "0")]


def write(path, header, rows, encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def call(task, path, text, label, *more):
    return main(
        [
            task,
            "--test",
            str(path),
            "--text-column",
            text,
            "--label-column",
            label,
            "--rules-only",
            *map(str, more),
        ]
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_sentiment_with_outputs(tmp_path, capsys, encoding):
    path = write(tmp_path / "t.csv", ["文本", "标签"], REVIEWS, encoding)
    out, predictions = tmp_path / "o.json", tmp_path / "p.csv"
    assert call("sentiment", path, "文本", "标签", "--json", out, "--predictions", predictions) == 0
    report = orjson.loads(out.read_bytes())
    assert (report["n"], report["accuracy"], report["macro_f1"], report["micro_f1"]) == (4, 1.0, 1.0, 1.0)
    assert report["baselines"]["always_negative"]["accuracy"] == 0.5
    assert report["classes"]["0"]["n"] == 2
    rows = list(csv.DictReader(predictions.open(encoding="utf-8")))
    assert [r["predicted"] for r in rows] == ["1", "0", "1", "0"]
    assert "majority_class" in capsys.readouterr().out


def test_sentiment_with_three_values_and_with_names(tmp_path):
    path = write(tmp_path / "t.csv", ["t", "l"], [("今天去看车", "0"), ("漏油", "-1"), ("满意", "1")])
    out = tmp_path / "o.json"
    assert call("sentiment", path, "t", "l", "--json", out) == 0
    assert orjson.loads(out.read_bytes())["accuracy"] == 1.0
    stars = write(tmp_path / "s.csv", ["t", "l"], [("漏油", "1星"), ("满意", "5星")])
    mapping = write(tmp_path / "m.csv", ["from", "to"], [("1星", "-1"), ("5星", "1")])
    assert call("sentiment", stars, "t", "l", "--label-map", mapping, "--json", out) == 0
    assert orjson.loads(out.read_bytes())["accuracy"] == 1.0


def test_aspects_groups_the_rows_of_a_text(tmp_path):
    rows = [
        ("空间大，油耗高", "空间"),
        ("空间大，油耗高", "油耗"),
        ("内饰精致", "内饰"),
        ("内饰精致", "外观"),
    ]
    path = write(tmp_path / "t.csv", ["content", "subject"], rows)
    out = tmp_path / "o.json"
    assert call("aspects", path, "content", "subject", "--json", out) == 0
    report = orjson.loads(out.read_bytes())
    assert (report["n"], report["rows"]) == (2, 4)
    assert report["accuracy"] == 0.75
    assert report["micro_f1"] == pytest.approx(6 / 7, abs=1e-4)


@pytest.mark.parametrize("turned", [False, True])
def test_a_label_map_may_stand_either_way_round(tmp_path, turned):
    pairs = [("Space", "空间与实用"), ("Fuel", "NEV-FUE")]
    mapping = write(tmp_path / "m.csv", ["from", "to"], [p[::-1] if turned else p for p in pairs])
    path = write(tmp_path / "t.csv", ["t", "l"], [("后备箱空间大", "Space"), ("油耗高", "Fuel")])
    out = tmp_path / "o.json"
    assert call("aspects", path, "t", "l", "--label-map", mapping, "--json", out) == 0
    assert orjson.loads(out.read_bytes())["accuracy"] == 1.0


def test_polarity_of_the_labelled_aspect(tmp_path):
    rows = [("空间大，油耗高", "空间", "1"), ("空间大，油耗高", "油耗", "-1"), ("配置如何", "配置", "0")]
    path = write(tmp_path / "t.csv", ["t", "a", "p"], rows)
    out = tmp_path / "o.json"
    assert call("polarity", path, "t", "p", "--aspect-column", "a", "--json", out) == 0
    assert orjson.loads(out.read_bytes())["accuracy"] == 1.0
    assert call("polarity", path, "t", "p", "--json", out) == 0
    assert orjson.loads(out.read_bytes())["n"] == 3


def test_system(tmp_path):
    rows = [("刹车异响，刹车片磨损", "制动系"), ("刚买就降价两万，背刺老车主", "销售欺诈"), ("", "发动机")]
    path = write(tmp_path / "t.csv", ["投诉简述", "投诉问题"], rows)
    out = tmp_path / "o.json"
    assert call("system", path, "投诉简述", "投诉问题", "--json", out) == 0
    assert orjson.loads(out.read_bytes())["accuracy"] == 1.0


BAD = [
    ("missing file", None, 2, "check the path"),
    ("empty file", b"", 3, "is empty"),
    ("header only", b"t,l\n", 3, "no rows"),
    ("missing column", b"t,x\na,b\n", 2, "has no column 'l'"),
    ("ragged row", b"t,l\na,b,c\n", 3, "record 2: 3 fields"),
    ("no text encoding", b"t,l\n\xff\xff\xff,1\n", 3, "neither UTF-8 nor GB18030"),
    ("stray quote", b't,l\n"a"b,1\n', 3, "well-formed CSV"),
    ("no labels", "t,l\n漏油,\n".encode(), 3, "empty in every row"),
    ("unknown labels", "t,l\n漏油,七\n".encode(), 3, "--label-map"),
]


@pytest.mark.parametrize(("name", "content", "code", "message"), BAD, ids=[b[0] for b in BAD])
def test_bad_input_ends_with_a_sentence(tmp_path, capsys, name, content, code, message):
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    assert call("sentiment", path, "t", "l") == code
    assert message in capsys.readouterr().err


def test_unknown_aspects_and_useless_maps_are_refused(tmp_path, capsys):
    path = write(tmp_path / "t.csv", ["t", "l"], [("空间大", "甲"), ("漏油", "乙")])
    assert call("aspects", path, "t", "l") == 3
    assert "--label-map" in capsys.readouterr().err
    mapping = write(tmp_path / "m.csv", ["from", "to"], [("丙", "丁")])
    assert call("aspects", path, "t", "l", "--label-map", mapping) == 3
    assert "maps none" in capsys.readouterr().err


def test_an_unwritable_output_is_named(tmp_path, capsys):
    path = write(tmp_path / "t.csv", ["t", "l"], REVIEWS)
    assert call("sentiment", path, "t", "l", "--json", tmp_path / "no" / "o.json") == 2
    assert "cannot be written" in capsys.readouterr().err
