"""What customers write in the further channels: its forms, its noise, its copies, its stories."""

from __future__ import annotations

import csv
import email
import io
import itertools
import random
import re
import zipfile
from collections import Counter, defaultdict
from datetime import date
from email import policy
from pathlib import Path

import pytest

from sample_oem import generate
from sample_oem.catalogue import ASPECTS
from sample_oem.channels.copied import Again
from sample_oem.channels.letters import as_html, rfc_date
from sample_oem.channels.written import _decimal_comma
from sample_oem.delivered import own_texts
from sample_oem.reader import csv_records, json_records, mail_records, payload, sheet_records
from sample_oem.scenarios import STORIES
from sample_oem.sheet import Moment, row_xml, serial, sheet_bytes
from sample_oem.spoken import Row
from sample_oem.voices.compose import Composer
from sample_oem.voices.dialogue import ChatComposer
from sample_oem.voices.noise import NOISE_SHARE
from sample_oem.voices.reported import AdviserComposer, RepairComposer
from sample_oem.voices.stock_files import stock
from sample_oem.voices.stories import STORY_NAMES, topic_of
from sample_oem.voices.surface import edited_copy, fragments, full_width, pinyin_debris, traditional
from sample_oem.voices.written import AppWriter, OrderWriter, SocialWriter
from sample_oem.world import MODELS, build_world

NEW = (
    "online_chat", "customer_mail", "owner_app", "social_media", "forum_threads", "news",
    "private_group", "review_site", "interview", "order_message", "dealer_note",
)  # fmt: skip


@pytest.fixture(scope="module")
def told(made) -> dict[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    for row in made.rows("voice_truth.csv"):
        rows[row["channel"]].append(row)
    return rows


@pytest.fixture(scope="module")
def world():
    import numpy as np

    return build_world(np.random.default_rng(3), 200, np.datetime64(date(2026, 3, 31)))


# -- surface --------------------------------------------------------------------------------------
def test_traditional_knows_contexts_and_leaves_simplified_only_words() -> None:
    assert traditional("这里的车门里面关系到后视镜") == "這裡的車門裡面關係到後視鏡"
    assert traditional("跑了3公里") == "跑了3公里"


def test_pinyin_debris_stands_behind_traditional_characters_only() -> None:
    text = pinyin_debris("企业价值由客户体验决定", lambda: 0.0, 0.5)
    assert "業(yè)" in text
    assert "價(jià)" in text
    assert re.sub(r"\([^()]*\)", "", text) == traditional("企业价值由客户体验决定")


def test_edited_copies_differ_and_stay_recognisable() -> None:
    rng, original = (
        random.Random(1),
        "提车三个月发动机抖动，去店里检查了四次都没有查出原因，厂家说这是正常现象，希望给个说法",
    )
    copies = [edited_copy(original, rng.random) for _ in range(200)]
    assert sum(c == original for c in copies) < 20
    kept = [len(set(itertools.pairwise(c)) & set(itertools.pairwise(original))) for c in copies]
    assert min(kept) > 20


def test_fragments_lose_no_word() -> None:
    rng, text = random.Random(2), "你好，刹车一直响，去过店里三次了！怎么办？"
    for _ in range(50):
        parts = fragments(text, rng.random, 3)
        assert 1 <= len(parts) <= 3
        assert re.sub(r"\W", "", "".join(parts)) == re.sub(r"\W", "", text)


def test_full_width_letters_and_digits() -> None:
    assert full_width("OTA升级5.0") == "ＯＴＡ升级５.０"


# -- raw forms ------------------------------------------------------------------------------------
def test_a_sheet_is_the_same_twice_and_reads_back() -> None:
    rows = row_xml(("N1", "a<b>&\n", "", Moment("2026-03-01 10:00:05")))
    first, second = (sheet_bytes("笔记", ("甲", "乙", "丙", "丁"), rows) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}


def test_a_sheet_reads_back_through_a_library(tmp_path: Path) -> None:
    rows = row_xml(("N1", "a<b>&", "", Moment("2026-03-01 10:00:05")))
    file = tmp_path / "x.xlsx"
    file.write_bytes(sheet_bytes("笔记", ("甲", "乙", "丙", "丁"), rows))
    assert sheet_records(file, "笔记") == [
        (1, ["甲", "乙", "丙", "丁"]),
        (2, ["N1", "a<b>&", "", "2026-03-01 10:00:05"]),
    ]
    assert serial("1900-03-01 12:00:00") == "61.5000000000"


def test_dates_and_amounts_in_foreign_dress() -> None:
    assert rfc_date("2026-03-01", 36_000, False) == "Sun, 01 Mar 2026 10:00:00 +0800"
    assert rfc_date("2026-03-01", 3600, True) == "Sat, 28 Feb 2026 17:00:00 +0000"
    assert _decimal_comma(1234567.5) == "1.234.567,50"
    assert '<blockquote type="cite">' in as_html("您好\n\n-----原始邮件-----\n发件人: 客服")


def test_every_mail_is_read_by_the_standard_library_without_a_defect(made) -> None:
    charsets, transfers, kinds = Counter(), Counter(), Counter()
    for file in sorted((made.out / "customer_mail").iterdir()):
        for part in payload(file).split(b"From MAILER-DAEMON ")[1:]:
            message = email.message_from_bytes(part.partition(b"\n")[2], policy=policy.default)
            kinds[message.get_content_type()] += 1
            for piece in message.walk():
                assert not piece.defects
                if piece.get_content_maintype() == "text":
                    assert "�" not in piece.get_content()
                    charsets[piece.get_content_charset()] += 1
                    transfers[piece["Content-Transfer-Encoding"]] += 1
    assert {"utf-8", "gb18030"} <= set(charsets)
    assert set(transfers) == {"base64", "quoted-printable", "8bit"}
    assert {"text/plain", "text/html", "multipart/alternative", "multipart/mixed"} <= set(kinds)


def test_mails_carry_signatures_history_and_machines(made, told) -> None:
    bodies = [
        str(m["body_own"]) for f in sorted((made.out / "customer_mail").iterdir()) for _, m in mail_records(f)
    ]
    assert sum("\n--\n" in b for b in bodies) > 0.5 * len(bodies)
    assert any("原始邮件" in b or "写道" in b for b in bodies)
    assert {"advert", "bot"} <= {r["noise"] for r in told["customer_mail"]}


def test_chats_take_turns_and_customers_type_in_pieces(made) -> None:
    sessions = defaultdict(list)
    for file in sorted((made.out / "online_chat").iterdir()):
        for _, cells in csv_records(file, "gb18030")[1:]:
            if len(cells) == 12 and cells[2] in ("客户", "坐席", "机器人", "系统"):
                sessions[cells[0]].append((cells[1], cells[2]))
    speakers = Counter(who for turns in sessions.values() for _, who in turns)
    assert set(speakers) == {"客户", "坐席", "机器人", "系统"}
    in_pieces = sum(sum(who == "客户" for _, who in set(turns)) >= 2 for turns in sessions.values())
    assert in_pieces > 0.5 * len(sessions)


def test_the_app_renames_its_fields_once(made) -> None:
    seen = []
    for file in sorted((made.out / "owner_app").iterdir()):
        bodies = [b for _, b in json_records(file) if isinstance(b, dict) and "DAMAGED" not in str(b["id"])]
        pairs = Counter(tuple(sorted({"rating", "stars", "comment", "content"} & set(b))) for b in bodies)
        assert set(pairs) <= {("comment", "rating"), ("content", "stars")}
        if "重发" not in file.name:
            seen.append(pairs.most_common(1)[0][0])
    assert seen == sorted(seen)
    assert len(set(seen)) == 2


def test_interviews_are_long_and_reviews_have_parts(made) -> None:
    talks = own_texts(made.out, made.truth, "interview")
    assert talks
    assert all(2400 < len(text) < 9500 for text in talks.values())
    rows = [
        c for f in sorted((made.out / "review_site").iterdir()) for _, c in csv_records(f, "utf-8", "\t")[1:]
    ]
    assert any(c[-5] and c[-4] and c[-3] for c in rows if len(c) == 22)


def test_news_are_articles_with_residue_and_some_damaged_copies(tmp_path: Path) -> None:
    made = generate(
        tmp_path / "d", tmp_path / "t", days=20, owners=400, voices_per_day=400, channels=["news"], seed=3
    )
    bodies = [
        b["body"]
        for f in sorted((made.out / "news").iterdir())
        for _, b in json_records(f)
        if isinstance(b, dict) and b.get("body")
    ]
    lengths = sorted(map(len, bodies))
    assert 300 < lengths[len(lengths) // 2] < 2000
    assert any(re.search(r"[一-鿿]\([a-zāáǎàēéěèīíǐìōóǒòūúǔùǜü]+\)", b) for b in bodies)
    assert any("&nbsp;" in b or "责任编辑" in b or "阅读(" in b for b in bodies)


# -- truths ---------------------------------------------------------------------------------------
def test_every_delivered_voice_has_its_account(made, told) -> None:
    voices = {r["channel"]: 0 for r in made.rows("voices_by_day.csv")}
    for row in made.rows("voices_by_day.csv"):
        voices[row["channel"]] += int(row["voices"])
    for channel in NEW:
        accounted = [
            r
            for r in told[channel]
            if r["speaker_role"] not in ("adviser", "bot") or channel != "private_group"
        ]
        assert len({r["voice"] for r in told[channel]}) == len(told[channel])
        # Voices that come after the last file, or are deleted, are accounted for and not living.
        assert 0.9 * len(accounted) <= voices[channel] <= len(accounted), channel


def test_noise_is_labelled_and_has_no_aspect(told) -> None:
    for channel, kinds in NOISE_SHARE.items():
        noisy = [r for r in told[channel] if r["noise"] and r["speaker_role"] not in ("adviser",)]
        assert all(r["aspect"] == "" and r["polarity"] == "0" for r in noisy)
        allowed = {kind for kind, _ in kinds} | ({"bot"} if channel == "private_group" else set())
        assert {r["noise"] for r in noisy} <= allowed
    everything = Counter(r["noise"] for rows in told.values() for r in rows)
    assert {"advert", "bot", "off_topic", "test", "empty", "agent_boilerplate"} <= set(everything)


def test_copies_name_the_voice_they_repeat(told) -> None:
    posts = {r["voice"]: r for r in told["social_media"]}
    copies = [r for r in posts.values() if r["group"]]
    assert {r["group_kind"] for r in copies} == {"exact", "edited", "quoted"}
    assert all(r["origin"] in posts and not posts[r["origin"]]["group"] for r in copies)


def test_who_has_the_same_trouble_still_hands_in_the_same_text() -> None:
    again = Again(random.Random(4), share=1.0, least=10)
    row = Row(0, 1, 7, 3, -1, 2, 40, 0, -1, -1, -1, 9, -1, 3)
    text = "提车三个月发动机抖动，去店里检查了四次都没有结果。"
    assert again.maybe(row, "a") == ""
    again.keep(row, "a", text, is_own=True)
    copies = [again.maybe(row._replace(number=n, day=n), f"c{n}") for n in range(1, 40)]
    assert text in copies
    assert len({copy.rstrip("！。… ") for copy in copies}) == 1
    assert again.group("c1") == ("again-a", "again", "a")
    assert again.maybe(row._replace(problem=41), "d") == ""
    assert again.group("d") == ("", "", "")


def test_copies_of_ones_own_are_of_the_same_car(told) -> None:
    complaints = {r["voice"]: r for r in told["complaint_site"]}
    copies = [r for r in complaints.values() if r["group_kind"] == "again"]
    assert all(r["vehicle"] == complaints[r["origin"]]["vehicle"] for r in copies)
    templates = Counter(r["group"] for r in complaints.values() if r["group_kind"] == "template")
    assert templates.most_common(1)[0][1] >= 5


def test_some_speak_in_traditional_script_and_some_own_other_cars(told) -> None:
    scripts = Counter(r["script"] for r in told["forum_threads"] + told["social_media"])
    assert scripts["traditional"] > 0
    assert scripts["traditional"] < 0.1 * scripts["simplified"]


def test_two_processes_make_the_same_bytes(tmp_path: Path) -> None:
    files = {}
    for processes in (1, 2):
        base = tmp_path / str(processes)
        generate(
            base / "d", base / "t", days=4, seed=5, owners=150, voices_per_day=40,
            channels=["news", "owner_app", "dealer_note", "survey"], processes=processes,
        )  # fmt: skip
        files[processes] = {str(p.relative_to(base)): p.read_bytes() for p in base.rglob("*") if p.is_file()}
    assert files[1] == files[2]


# -- words ----------------------------------------------------------------------------------------
def test_stories_have_words_of_their_own() -> None:
    without = {"safety_cluster", "idle_fix"}
    for index, name in enumerate(STORY_NAMES):
        topic = topic_of(3, index)
        assert (topic == 3) == (name in without), name
    assert topic_of(3, -1) == 3


def test_the_returning_defect_shares_no_word_with_the_old_one(world) -> None:
    def grams(story: str) -> set[str]:
        scope = stock().aspects[f"story_{story}"]
        composer = Composer(world, "forum", 1)
        topic = topic_of(0, STORY_NAMES.index(story))
        said = {composer.speaker(0, topic).aspect[r].say(composer.rand, composer.speaker(0, topic))
                for r in ("obj", "neg") for _ in range(300)}  # fmt: skip
        assert scope["neg"].size >= 4
        return {t[i : i + 3] for t in said for i in range(len(t) - 2)}

    assert not grams("recurrence_a") & grams("recurrence_b")


def test_claims_are_quoted_where_a_campaign_reached(world) -> None:
    from sample_oem.voices.written import Claims

    claims = Claims(SocialWriter(world, "social_media", 1))
    assert all("极致静音" in claims.quote(0, 0, 40, mood) for mood in (-1, 1) for _ in range(40))


def test_order_messages_fit_their_kind(world) -> None:
    writer = OrderWriter(world, "order_message", 2)
    cases = (
        ("退订", True, "退|定|不要|去买"),
        ("改单", True, "改|换|加|不要|差价"),
        ("催单", True, "订单|下的定|提|排产|到店|现车|路上|安排|交车"),
        ("改单", False, "换|改|多加|不要|先别发"),
        ("退货", False, "退|发错|少发|坏|尺寸"),
    )
    for kind, is_car, words in cases:
        texts = [
            writer.message(kind, (0, 5, 0), ("车顶箱", "黑色"), is_car=is_car, is_story=False)
            for _ in range(60)
        ]
        assert sum(bool(re.search(words, t)) for t in texts) > 50, (kind, is_car, texts)
    asked = [
        writer.message("催单", (0, 5, 0), ("车顶箱", "黑色"), is_car=False, is_story=False) for _ in range(60)
    ]
    assert sum("车顶箱" in text for text in asked) > 10


def test_notes_and_repair_lines_are_shorthand(world) -> None:
    adviser, workshop = AdviserComposer(world, "dealer_note", 1), RepairComposer(world, "service", 1)
    notes = [adviser.note(i % 50, i % len(ASPECTS), i % 3 - 1) for i in range(200)]
    assert sum(len(n) for n in notes) / len(notes) < 90
    assert len(set(notes)) > 190
    lines = [workshop.repair(i % 50, i % len(ASPECTS)) for i in range(100)]
    assert all(line.complaint and line.cause and line.correction for line in lines)


def test_apps_and_chats_seldom_repeat_themselves(world) -> None:
    app, chat = AppWriter(world, "owner_app", 1), ChatComposer(world, "online_chat", 1)
    texts = [app.feedback(i % 100, [i % len(ASPECTS)], [i % 3 - 1]) for i in range(1500)]
    assert len(set(texts)) > 0.97 * len(texts)
    openings = [
        "".join(t for who, t in chat.chat(i % 100, i % len(ASPECTS), -1) if who == "客户") for i in range(500)
    ]
    assert len(set(openings)) > 0.98 * len(openings)


def test_every_model_can_be_spoken_about(world) -> None:
    models = {int(world.vehicles.model[v]) for v in range(len(world.vehicles.vin))}
    composer = SocialWriter(world, "social_media", 4)
    for model in models:
        vehicle = next(v for v in range(len(world.vehicles.vin)) if int(world.vehicles.model[v]) == model)
        assert composer.speaker(vehicle, 0).facts["series"] == MODELS[model].series


def test_the_account_is_a_table(made) -> None:
    with (made.truth / "voice_truth.csv").open(encoding="utf-8", newline="") as handle:
        header = next(csv.reader(handle))
    assert header[:4] == ["channel", "voice", "day", "vehicle"]


def test_story_names_are_those_of_the_planted_stories() -> None:
    assert list(STORY_NAMES) == list(STORIES)
    worded = {scope.removeprefix("story_") for scope in stock().aspects if scope.startswith("story_")}
    assert worded <= set(STORY_NAMES)  # words of no story would never be said
