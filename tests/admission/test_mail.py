"""Mail at the door: charsets, bodies, own words, damage, spans; renamed sources and foreign numbers."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_quality.contract import Contract, ContractError, load_contract
from orchestration.admission.canonical import Canonicaliser
from orchestration.admission.csv_reader import read_csv
from orchestration.admission.jsonl_reader import read_jsonl
from orchestration.admission.mail_reader import read_mail
from orchestration.admission.mail_text import html_text, own_text
from orchestration.admission.pseudonym import normalise
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import Tiling
from orchestration.admission.unpack import Member

RECEIVED = datetime(2024, 6, 1, tzinfo=UTC)
ATTRIBUTES = {
    "loop": "inner", "is_solicited": False, "author_role": "owner", "is_first_hand": True, "is_identified": True,
}  # fmt: skip
TEXT = {"type": "string", "pii": "free_text"}


def contract(tmp_path: Path, form: str, fields: list[dict[str, Any]], **entity: Any) -> Contract:
    key = {"name": "nr", "type": "string", "required": True, "pii": "none", "pattern": ".+"}
    source = "message_id" if form == "mbox" else "nr"
    document = {
        "channel": "probe", "version": 1, "label_zh": "甲", "description_zh": "乙", "format": form,
        "attributes": ATTRIBUTES, "entities": {"one": {
            "record_key": ["nr"], "voice_key": ["nr"], "event_time": {"basis": "received"},
            "fields": [key | {"source": source}, *fields]} | entity},
    }  # fmt: skip
    path = tmp_path / "probe.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_contract(path)


def mails(tmp_path: Path, data: bytes) -> list[Any]:
    names = ("from", "subject", "date", "body", "body_own", "attachment_names")
    fields = [{"name": f"x_{one}", "source": one} | TEXT for one in names]
    items = list(read_mail(contract(tmp_path, "mbox", fields), Member("x", data, 0, len(data))))
    tiling = Tiling()
    for one in items:
        tiling.add(one.start, one.end, is_record=one.is_record)
    tiling.finish(len(data))
    return [one for one in items if one.is_record]


def letter(body: bytes, head: str = "Content-Type: text/plain; charset=utf-8", nr: int = 1) -> bytes:
    top = f"From: =?gb2312?B?{base64.b64encode('张三'.encode('gb2312')).decode()}?= <Z@qq.com>\nMessage-ID: <m{nr}@x>\n"
    top += f"Subject: =?utf-8?B?{base64.b64encode('车辆异响'.encode()).decode()}?=\nDate: Mon, 20 May 2024 10:00:00 +0800\n"
    return f"{top}{head}\n\n".encode() + body


def boxed(*messages: bytes) -> bytes:
    return b"".join(b"From z@qq.com Mon May 20 10:00:00 2024\n" + one + b"\n\n" for one in messages)


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "big5"])
@pytest.mark.parametrize("transfer", ["8bit", "base64", "quoted-printable"])
def test_charsets_and_transfer_encodings(charset: str, transfer: str, tmp_path: Path) -> None:
    raw = "好車門".encode(charset if charset != "gb2312" else "gbk")
    coded = {
        "8bit": raw, "base64": base64.b64encode(raw), "quoted-printable": b"".join(b"=%02X" % one for one in raw),
    }[transfer]  # fmt: skip
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {transfer}"
    for data in (letter(coded, head), boxed(letter(coded, head))):
        (one,) = mails(tmp_path, data)
        assert one.problem is None
        wanted = ["m1@x", "Z@qq.com", "车辆异响", "2024-05-20T10:00:00+08:00", "好車門", "好車門", None]
        assert one.values == wanted


def test_mailbox_splits_at_separators_and_unquotes(tmp_path: Path) -> None:
    items = mails(
        tmp_path, b"\n\n" + boxed(letter(b"a\n>From b\n>>From c\nFrom here on"), letter(b"z", nr=2))
    )
    assert [one.values[0] for one in items] == ["m1@x", "m2@x"]
    assert items[0].values[4] == "a\nFrom b\n>From c\nFrom here on"
    assert [one.line_no for one in items] == [3, 15]


def test_multipart_prefers_plain_and_names_attachments(tmp_path: Path) -> None:
    parts = "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/html; charset=utf-8\n\n<p>H</p>"
    parts += "\n--c\nContent-Type: text/plain; charset=utf-8\n\n纯文本\n--c--\n--b\nContent-Type: image/png\n"
    parts += "Content-Disposition: attachment; filename*=utf-8''%E7%85%A7%E7%89%87.png\n\nxx\n--b--\n"
    head = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b"
    (one,) = mails(tmp_path, letter(parts.encode(), head))
    assert one.values[4:] == ["纯文本", "纯文本", "照片.png"]
    (cut,) = mails(tmp_path, letter(parts.encode()[:-20], head))
    assert cut.problem.reason == Reason.TRUNCATED_RECORD


B64 = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64"
DAMAGED = {
    "no header": (b"just words\n", Reason.NOT_A_MESSAGE),
    "cut base64": (letter(b"5aW9546v5aK", B64), Reason.INVALID_MIME),
    "unknown charset": (letter(b"x", "Content-Type: text/plain; charset=klingon"), Reason.UNKNOWN_CHARSET),
    "not a text codec": (letter(b"x", "Content-Type: text/plain; charset=rot13"), Reason.UNKNOWN_CHARSET),
    "wrong charset": (letter("好车".encode("gbk")), Reason.INVALID_ENCODING),
    "unknown transfer": (letter(b"x", "Content-Transfer-Encoding: base65"), Reason.INVALID_MIME),
    "two subjects": (letter(b"x", "Subject: other"), Reason.DUPLICATE_HEADER),
    "no boundary": (letter(b"x", "Content-Type: multipart/mixed"), Reason.INVALID_MIME),
}


@pytest.mark.parametrize(
    "header", ["Content-Disposition: attachment; filename", "Content-Type: image/png; name"]
)
def test_file_names_in_raw_bytes_are_read(header: str, tmp_path: Path) -> None:
    mail = (
        "From: a@b.cn\nMessage-ID: <1@b>\nDate: Mon, 02 Mar 2026 01:01:00 +0800\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n"
        f'--b\n{header}="故障照片 1.png"\n\nxx\n--b--\n'
    )
    (found,) = mails(tmp_path, f"From - Mon Mar  2 01:01:00 2026\n{mail}".encode())
    assert found.values[-1] == "故障照片 1.png"


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_mail_is_told_and_costs_no_neighbour(name: str, tmp_path: Path) -> None:
    bad, reason = DAMAGED[name]
    items = mails(tmp_path, boxed(letter(b"a"), bad, letter(b"z", nr=3)))
    assert [None if one.problem is None else one.problem.reason for one in items] == [None, reason, None]


def test_missing_id_or_date_and_cut_mailbox(tmp_path: Path) -> None:
    (one,) = mails(tmp_path, letter(b"x").replace(b"Message-ID: <m1@x>\n", b""))
    fields = contract(tmp_path, "mbox", []).entities["one"]
    outcome = Canonicaliser(fields, RECEIVED, typed=False)(one.values[:1])
    assert isinstance(outcome, Problem)
    assert (outcome.reason, outcome.field) == (Reason.MISSING_VALUE, "nr")
    assert mails(tmp_path, boxed(letter(b"a")).rstrip(b"\n"))[0].problem.reason == Reason.TRUNCATED_RECORD
    assert mails(tmp_path, b"\n \n")[0].problem.reason == Reason.EMPTY_DELIVERY


def test_spans_cover_any_bytes(tmp_path: Path) -> None:
    rng = random.Random(7)
    good = boxed(letter(b"a"), letter(b"b", B64, 2), letter(b"c", nr=3))
    for _ in range(200):
        data = bytearray(good[: rng.randrange(len(good) + 1)])
        for _ in range(rng.randrange(6)):
            data[rng.randrange(len(data)) if data else 0 : 0] = rng.randbytes(rng.randrange(5)) + b"\nFrom "
        mails(tmp_path, bytes(data))  # the tiling is asserted inside


@pytest.mark.parametrize(
    "quote",
    [
        "在 2024年5月1日，客服 <a@b.cn> 写道：\n> 旧", "-----原始邮件-----\n旧", "------------------ 原始邮件 ------------------\n旧",
        "发件人：客服\n发送时间：2024年5月1日\n收件人：张三\n旧", "On Wed, May 1, 2024 at 10:00 AM A <a@b.cn> wrote:\n> 旧",
        "客服 <a@b.cn> 于2024年5月1日周三 10:00写道：\n旧", "---- 回复的原邮件 ----\n旧", "-- \n旧",
        "> 旧", "发自我的iPhone", "此致\n敬礼\n旧",
    ],
)  # fmt: skip
def test_own_words_without_history(quote: str) -> None:
    assert own_text("车门异响，\n请处理。\n\n" + quote) == "车门异响，\n请处理。"


def test_own_words_between_quotes_and_plain_texts_stay() -> None:
    assert own_text("在 2024年5月1日，客服 <a@b.cn> 写道：\n> 一\n\n回一\n> 二\n回二") == "回一\n回二"
    said = "发件人未知的来电很多。\n在店里他写道歉信：\n谢谢"
    assert own_text(said) == said


def test_html_becomes_text() -> None:
    page = "<head><style>p{}</style></head><p>一&nbsp;&amp;<br>二</p><script>x</script><blockquote>旧</blockquote><p>三"
    assert html_text(page) == "一 &\n二\n> 旧\n三"


def test_renamed_column_says_one_thing_or_is_refused(tmp_path: Path) -> None:
    made = contract(tmp_path, "csv", [{"name": "text", "source": ["content", "comment_text"]} | TEXT])
    check = Canonicaliser(made.entities["one"], RECEIVED, typed=False)

    def read(data: str) -> list[Any]:
        raw = data.encode()
        items = read_csv(made, Member("x", raw, 0, len(raw)), lambda *_: False)
        return [check(one.values) for one in items if one.is_record]

    assert read("nr,comment_text\n1,甲\n") == read("nr,content\n1,甲\n") == [("1", "甲")]
    both = read("nr,content,comment_text\n1,甲,甲\n2,,乙\n3,甲,乙\n")
    assert both[:2] == [("1", "甲"), ("2", "乙")]
    assert both[2].reason == Reason.AMBIGUOUS_VALUE


def test_json_paths_look_into_objects(tmp_path: Path) -> None:
    made = contract(
        tmp_path,
        "jsonl",
        [{"name": "author", "source": ["author.id", "uid"], "type": "string", "pii": "handle"}],
    )
    lines = [
        '{"nr":"1","author":{"id":"a","age":3}}',
        '{"nr":"2","author.id":"b"}',
        '{"nr":"3","uid":"c"}',
        '{"nr":"4","uid":"c","author":{"id":"d"}}',
    ]
    raw = "\n".join(lines).encode()
    items = list(read_jsonl(made, Member("x", raw, 0, len(raw))))
    check = Canonicaliser(made.entities["one"], RECEIVED, typed=True)
    assert [check(one.values) for one in items[:3]] == [("1", "a"), ("2", "b"), ("3", "c")]
    assert items[0].extra == {"author.age": 3}
    assert check(items[3].values).reason == Reason.AMBIGUOUS_VALUE


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ({"type": "date", "date_format": "%d.%m.%Y"}, "31.01.2024", "2024-01-31"),
        ({"type": "date", "date_format": "%d.%m.%Y"}, "31.02.2024", Reason.INVALID_TIME),
        ({"type": "date", "date_format": "%d.%m.%Y"}, "2024-01-31", Reason.INVALID_TIME),
        ({"type": "datetime", "date_format": "%d.%m.%Y %H:%M", "zone": "UTC"}, "31.01.2024 08:05", "2024-01-31 08:05:00.000000"),
        ({"type": "decimal", "decimal_comma": True}, "-1.234,56", "-1234.56"),
        ({"type": "decimal", "decimal_comma": True}, "1234,5", "1234.5"),
        ({"type": "decimal", "decimal_comma": True}, "12.50", Reason.INVALID_NUMBER),
    ],
)  # fmt: skip
def test_foreign_dates_and_numbers(field: dict[str, Any], value: str, wanted: Any, tmp_path: Path) -> None:
    made = contract(tmp_path, "csv", [{"name": "x", "source": "x", "pii": "none"} | field])
    outcome = Canonicaliser(made.entities["one"], RECEIVED, typed=False)(["1", value])
    assert (outcome.reason if isinstance(outcome, Problem) else outcome[1]) == wanted


def test_new_identifiers_have_normal_forms() -> None:
    assert normalise("app_account", " Ａbc ") == ("account", "app:abc")
    assert normalise("handle", "小Ｍ", "forum") == ("handle", "forum:小m")
    assert normalise("vin8", "LSVAB4BR2EN123456") == ("vin8", "EN123456")
    with pytest.raises(ValueError, match="channel"):
        normalise("handle", "x")


@pytest.mark.parametrize(
    ("form", "fields", "entity", "word"),
    [
        ("mbox", [{"name": "x", "source": "colour"} | TEXT], {}, "a mail has no"),
        ("csv", [{"name": "x", "source": []} | TEXT], {}, "newest first"),
        ("jsonl", [{"name": "x", "source": "a"} | TEXT, {"name": "y", "source": "a.b"} | TEXT], {}, "lies inside"),
        ("csv", [{"name": "x", "source": "x", "type": "date", "pii": "none", "date_format": "%d.%m"}], {}, "date_format"),
        ("csv", [{"name": "x", "source": "x", "decimal_comma": True} | TEXT], {}, "decimal_comma"),
        ("csv", [{"name": "x", "source": "x"} | TEXT], {"verbatim": {"fields": ["x", "x"]}}, "each once"),
        ("csv", [{"name": "x", "source": "x"} | TEXT], {"verbatim": {"field": "x", "role_field": "who", "role": "a"}}, "role_field"),
    ],
)  # fmt: skip
def test_bad_entries_say_what_to_do(form: str, fields: Any, entity: Any, word: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=word):
        contract(tmp_path, form, fields, **entity)
