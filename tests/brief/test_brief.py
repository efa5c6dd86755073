"""The brief: what it says, that it is inert, and that it is the same twice."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.brief.commands import brief_command
from orchestration.brief.content import Change, clean, excerpt, read_brief
from orchestration.brief.render import render_brief
from orchestration.publishing.query import QueryError, run_query
from orchestration.settings import Settings
from tests.brief.sample_voices import (
    AS_OF,
    CSAT,
    NPS,
    Voices,
    channel_status,
    many_voices,
    publish_voices,
    survey_rows,
)

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings.load({"VOC_HOME": str(tmp_path_factory.mktemp("full") / "home")})
    status = channel_status(
        forum={"is_stale": True, "stale_hours": 97.5, "last_received_at": datetime(2026, 3, 27, 20, 30)},  # noqa: DTZ001
        survey={"equations_closed": False},
        complaint_site={"quarantined_open_count": 6},
        warranty_claims={"is_enabled": False},
    )
    publish_voices(
        settings,
        many_voices(),
        status=status,
        nps=survey_rows("nps", NPS),
        csat=survey_rows("top_two_rate", CSAT),
    )
    return settings


class Page(HTMLParser):
    """Elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


ALLOWED_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "footer",
    "section",
    "h1",
    "h2",
    "h3",
    "p",
    "b",
    "br",
    "i",
    "em",
    "small",
    "span",
    "strong",
    "mark",
    "bdi",
    "code",
    "pre",
    "div",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "svg",
    "rect",
    "line",
    "circle",
    "details",
    "summary",
}


def assert_inert(page: str) -> None:
    """No element, attribute or address that could run, fetch or navigate."""
    parsed = Page(page)
    assert {tag for tag, _ in parsed.tags} <= ALLOWED_TAGS
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not {"href", "src", "srcset", "action", "data", "xlink:href", "background"} & attributes.keys()
    policy = [
        a["content"]
        for t, a in parsed.tags
        if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_page_states_version_periods_and_status(full: Settings) -> None:
    page = render_brief(full)
    text = Page(page).text
    brief = read_brief(full)
    assert_inert(page)
    assert brief.version_id in text
    assert "本期 2026-03-04 至 2026-03-31 · 上期 2026-02-04 至 2026-03-03" in text
    assert "先看这里：2 个渠道的数据不完整" in text
    assert "车主论坛：已 4.1 天未更新（上限 48 小时）" in text
    assert "满意度调研：收数等式未闭合" in text
    assert "6 条隔离待处理" in text
    assert "保修索赔：" not in text
    for label in ("客服热线", "投诉网站", "媒体评论", "停用", "正常"):
        assert label in text


def test_ten_aspects_agree_with_sql(full: Settings) -> None:
    brief = read_brief(full)
    assert len(brief.aspects) == 10
    again = run_query(full, "voice", brief.sql["十大话题"])
    assert [(a.row["aspect_code"], a.row["customers"]) for a in brief.aspects] == [
        (r[0], r[4]) for r in again.rows
    ]
    counts = [aspect.row["customers"] for aspect in brief.aspects]
    assert counts == sorted(counts, reverse=True)
    first = brief.aspects[0]
    expected = run_query(
        full,
        "voice",
        "select count(distinct author_key) from core.fct_feedback "
        "where feedback_date > date '2026-03-03' and feedback_id in (select feedback_id "
        f"from core.fct_feedback_mention where aspect_code = '{first.row['aspect_code']}')",
    )
    assert expected.rows == ((first.row["customers"],),)
    assert first.change.is_notable
    for aspect in brief.aspects:
        assert (
            sum(aspect.row[k] for k in ("negative_voices", "neutral_voices", "positive_voices"))
            == aspect.row["voices"]
        )
        assert len(aspect.quotes) == 3
        assert all(quote.evidence for quote in aspect.quotes)


def test_quotes_follow_the_stated_rule(settings: Settings) -> None:
    voices = Voices()
    for text, author, days in [
        ("一般般刹车软", "a", 1),
        ("刹车软还失灵", "b", 9),
        ("又是刹车软", "b", 0),
        ("刹车软呀", "c", 5),
        ("刹车软啊", "d", 6),
    ]:
        voices.mention(
            voices.add(AS_OF - timedelta(days=days), "forum", text, author=author), "CHS-BRK", "刹车软"
        )
    voices.mentions[1] |= {"urgency": "safety", "is_safety": True}
    voices.mentions[3]["polarity"] = 1
    voices.mention(
        voices.add(AS_OF - timedelta(days=28), "forum", "上期刹车软", author="e"), "CHS-BRK", "刹车软"
    )
    publish_voices(settings, voices)
    (aspect,) = read_brief(settings).aspects
    # Safety first, then negative before positive, newer before older; one per customer.
    assert [q.before + q.evidence + q.after for q in aspect.quotes] == [
        "刹车软还失灵",
        "一般般刹车软",
        "刹车软啊",
    ]
    assert (aspect.row["customers"], aspect.row["prior_customers"], aspect.row["voices"]) == (4, 1, 5)


def test_repeated_text_is_one_safety_card(settings: Settings) -> None:
    voices = Voices()
    for _ in range(3):
        feedback_id = voices.add(AS_OF, "forum", "高速刹车失灵差点追尾")
        voices.mention(feedback_id, "CHS-BRK", "刹车失灵", urgency="safety")
        voices.feedback[-1]["repeat_group_id"] = "g1"
    publish_voices(settings, voices)
    brief = read_brief(settings)
    assert brief.safety.now == 3
    assert [(v.same_text, v.aspects, v.department) for v in brief.safety_voices] == [
        (3, ("制动",), "底盘质量")
    ]


def test_surveys_show_n_interval_and_small_samples(full: Settings) -> None:
    text = Page(render_brief(full)).text
    assert "31.2" in text
    assert "23.3 ～ 39.1" in text
    assert "样本少于 100，仅供参考" in text
    assert "样本少于 50" in text
    assert "69.3 ～ 79.1" in text
    hotline = next(line for line in read_brief(full).nps if "热线" in line.label)
    assert (hotline.n, hotline.value, hotline.low) == (21, None, None)


@pytest.mark.parametrize(
    ("change", "text", "is_notable"),
    [
        (Change(150, 100, True), "+50（+50%）", True),
        (Change(110, 100, True), "+10（+10%）", False),
        (Change(60, 100, True), "-40（-40%）", True),
        (Change(5, 0, True), "上期为 0", True),
        (Change(0, 0, True), "两期均为 0", False),
        (Change(9, 2, False), "无可比上期", False),
    ],
)
def test_change_in_words(change: Change, text: str, is_notable: bool) -> None:
    assert (change.text, change.is_notable) == (text, is_notable)


def test_the_same_version_gives_the_same_bytes(full: Settings, tmp_path: Path) -> None:
    """Also in another process, another zone and another hash seed."""
    first = render_brief(full)
    assert render_brief(full) == first
    target = tmp_path / "brief.html"
    code = (
        "from orchestration.brief.commands import brief_command\n"
        f"brief_command(['--output', {str(target)!r}])"
    )
    environment = {
        "VOC_HOME": str(full.home),
        "TZ": "America/New_York",
        "PYTHONHASHSEED": "7",
        "PATH": "/usr/bin",
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert target.read_text(encoding="utf-8") == first


def test_short_history_makes_no_comparison(settings: Settings) -> None:
    publish_voices(settings, many_voices(days=20, per_day=15))
    text = Page(render_brief(settings)).text
    assert "不足以覆盖上期四周，因此不作同期比较" in text
    assert "▲ " not in text


def test_empty_states(settings: Settings) -> None:
    publish_voices(settings, Voices(), status=[])
    page = render_brief(settings)
    assert_inert(page)
    text = Page(page).text
    for said in (
        "本期没有收到任何声音",
        "本期没有被判为涉及安全的声音",
        "本期没有识别出任何话题",
        "最近 90 天没有可计入的答卷",
        "没有任何渠道的状况记录",
    ):
        assert said in text
    assert "None" not in text
    assert "nan" not in text.lower()


def test_a_channel_that_never_delivered_is_said_to_have_none(settings: Settings) -> None:
    status = channel_status(
        forum={"is_stale": True, "stale_hours": None, "last_received_at": None, "last_event_date": None}
    )
    publish_voices(settings, Voices(), status=status)
    assert "车主论坛：从未收到数据" in Page(render_brief(settings)).text


def payloads() -> list[str]:
    """≥ 100 texts that try to become something else in a page."""
    bodies = ["alert(1)", "fetch('//x.example')", "document.body.innerHTML=''"]
    shapes = [
        "<script>{}</script>",
        "<img src=x onerror={}>",
        "<svg onload={}>",
        "<svg/onload={}>",
        "</style><script>{}</script>",
        "</pre></details><script>{}</script>",
        "<iframe src=javascript:{}>",
        "<a href=javascript:{}>x</a>",
        '"><script>{}</script>',
        "'><script>{}</script>",
        "<body onload={}>",
        "<input autofocus onfocus={}>",
        "<details open ontoggle={}>",
        "<marquee onstart={}>",
        "<math><mtext></mtext><script>{}</script></math>",
        "{{{{ {} }}}}",
        "{{% for a in b %}}{}{{% endfor %}}",
        "${{{}}}",
        "<!--><script>{}</script>-->",
        "<![CDATA[<script>{}</script>]]>",
        "<style>@import '//x.example/{}'</style>",
        "<link rel=stylesheet href=//x.example/{}>",
        "<meta http-equiv=refresh content='0;url=javascript:{}'>",
        "<base href=//x.example/{}>",
        "<form action=javascript:{}><button>",
        "<object data=javascript:{}>",
        "<embed src=javascript:{}>",
        "<video><source onerror={}>",
        "＜script＞{}＜/script＞",
        "\u202e<script>{}</script>",
        "<scr\x00ipt>{}</script>",
        "<script\x0b>{}</script>",
        "<ScRiPt>{}</sCrIpT>",
        "&lt;script&gt;{}&lt;/script&gt;",
        "%3Cscript%3E{}%3C/script%3E",
        "<template><script>{}</script></template>",
    ]
    return [shape.format(body) for shape in shapes for body in bodies]


def test_hostile_texts_are_inert_wherever_they_stand(settings: Settings) -> None:
    texts = payloads()
    assert len(texts) >= 100
    voices = Voices()
    for number, text in enumerate(texts):
        evidence = text[: max(3, len(text) // 2)]
        aspect = [
            "CHS-BRK",
            "ITL-CAR",
            "PWR-TRN",
            "PWR-OIL",
            "CMF-SEA",
            "CMF-NVH",
            "NEV-RNG",
            "EXT-PNT",
            "SVC-DLR",
            "PRC-VAL",
        ][number % 10]
        feedback_id = voices.add(AS_OF, "forum", text, series=text[:30])
        voices.mention(feedback_id, aspect, evidence, urgency="safety" if number % 2 else "function")
    status = channel_status(forum={"label_zh": texts[0], "is_stale": True, "stale_hours": 99})
    nps = survey_rows("nps", [("relationship", texts[1], 120, 3, 2)])
    publish_voices(settings, voices, status=status, nps=nps)
    page = render_brief(settings)
    assert_inert(page)
    assert page.count("<mark>") >= 30
    assert "\u202e" not in page
    # Every payload, in a quote of its own: the selection above shows some thirty of them.
    from orchestration.brief import content, render

    shown = [content.Quote(*excerpt(text, text[:3], 0), "论坛", AS_OF, clean(text), -1) for text in texts]
    brief = read_brief(settings)
    cards = tuple(content.SafetyVoice(quote, (clean(quote.after),), quote.series, 1) for quote in shown)
    from dataclasses import replace

    assert_inert(render.render(replace(brief, safety_voices=cards)))


@pytest.mark.parametrize(
    ("verbatim", "evidence", "start", "expected"),
    [
        ("提车三天刹车异响，很烦", "刹车异响", 4, ("提车三天", "刹车异响", "，很烦")),
        ("😀刹车异响", "刹车异响", 1, ("😀", "刹车异响", "")),
        ("刹车异响又刹车异响", "刹车异响", 5, ("刹车异响又", "刹车异响", "")),
        ("刹车异响", "刹车异响", 3, ("", "刹车异响", "")),
        ("没有这句", "刹车异响", 0, ("没有这句", "", "")),
        ("换\n行\t刹车", "刹车", 4, ("换 行", "刹车", "")),
    ],
)
def test_excerpt(verbatim: str, evidence: str, start: int, expected: tuple[str, str, str]) -> None:
    assert excerpt(verbatim, evidence, start) == expected


def test_long_texts_are_cut_around_the_evidence() -> None:
    text = "前" * 300 + "。就在昨天" + "刹车失灵" + "后" * 300
    before, evidence, after = excerpt(text, "刹车失灵", 305)
    assert (before, evidence, after) == ("…" + "前" * 41 + "。就在昨天", "刹车失灵", "后" * 46 + "…")
    text = "很长的一句，" * 20 + "后来刹车失灵"
    before, evidence, after = excerpt(text, "刹车失灵", text.index("刹车失灵"))
    # Cut where a clause begins.
    assert (before, evidence, after) == ("…" + "很长的一句，" * 7 + "后来", "刹车失灵", "")


def test_command_writes_the_file_or_says_why_not(
    full: Settings, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOC_HOME", str(full.home))
    target = tmp_path / "brief.html"
    assert CliRunner().invoke(brief_command, ["--output", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    missing = CliRunner().invoke(brief_command, ["--output", str(tmp_path / "no/such/brief.html")])
    assert (missing.exit_code, "no such folder" in missing.output) == (3, True)
    monkeypatch.setenv("VOC_HOME", str(settings.home))
    nothing = CliRunner().invoke(brief_command, ["--output", str(target)])
    assert (nothing.exit_code, "run `voc refresh`" in nothing.output) == (3, True)


def test_a_version_without_the_tables_is_named(settings: Settings) -> None:
    from tests.publishing.sample_warehouse import SampleWarehouse

    warehouse = SampleWarehouse(settings)
    warehouse.build(days=1)
    warehouse.publish()
    with pytest.raises(QueryError, match="lacks a table or column of the brief"):
        render_brief(settings)
