"""Planted reposts for the tests of near-duplicates: sources, edited copies of them, and decoys.

Sources are written from a stock of our own: who, what car, what happened, when, what the dealer did, what
is asked for. A decoy tells of the same fault in the same order with some of the same stock sentences, as
two owners with the same trouble do; it is a voice of its own. An edited copy says a source again with one
to three changes of the kinds in `EDITS`, 1 to 15 % of its characters where words are swapped.
"""

from __future__ import annotations

import random
import re

WHO = [
    "我",
    "本人",
    "家里这台",
    "我爸的车",
    "老婆开的这台",
    "单位的车",
    "我和朋友都买了同款",
    "去年换的",
    "刚提的",
    "二手接手的",
]
CAR = [
    "星途",
    "远航七",
    "锐界行",
    "逐光S",
    "蓝岸混动版",
    "小旅行车",
    "城市越野",
    "新款轿跑",
    "七座商务",
    "纯电小车",
]
WHEN = [
    "提车当天",
    "开了不到一个月",
    "三千公里的时候",
    "首保刚做完",
    "上周下雨以后",
    "冬天零下十几度那几天",
    "高速上跑了两小时",
    "长途回老家的路上",
    "送孩子上学途中",
    "停在地库一晚上之后",
    "升级完系统第二天",
    "过完质保没几天",
]
FAULT = [
    "中控屏突然黑掉，倒车影像也没有了，重启三次才恢复",
    "方向盘往左打的时候咯噔一声，越走越明显",
    "空调出风口吹出来全是热风，压缩机好像根本没有工作",
    "变速箱二挡升三挡总要顿一下，后排的人都会往前冲",
    "右后门关上以后总有一条缝，跑高速呼呼地灌风",
    "充电到百分之八十就自己停掉，换了四个桩都是一样",
    "刹车踩下去先是软的，要踩到底才有力气",
    "座椅加热只有一边热，另外一边摸着是凉的",
    "机油尺上的刻度每个月都往上走，闻着一股汽油味道",
    "胎压报警灯亮了灭、灭了亮，去看又说胎压正常",
    "导航说往右其实是断头路，语音还叫不醒",
    "天窗边上的密封条翘起来了，下雨顺着顶棚往里滴水",
    "后备箱电动撑杆顶不住，差一点砸到人的头",
    "雨刮刮过去还是一片花，换了新的也没有用",
    "发动机冷车抖得厉害，仪表上的杯子都能晃出水",
    "车漆靠近轮眉的地方鼓起来一片小泡",
]
DEALER = [
    "去店里看了两回，师傅说没有检测到故障码，让再观察",
    "售后接待态度倒是客气，就是一句没有配件把人打发了",
    "打热线登记了工单，说三天内回电，到现在半个月没有动静",
    "换过一个总成，管了一个星期，又和原来一模一样",
    "店里说这是正常现象，同款都这样，我不认可这种说法",
    "经理推给厂家，厂家又推回给店里，来回踢皮球",
    "拆开看了一下午，装回去以后反而多了一处异响",
    "要我先交两千块检测费，查不出来也不退",
    "说要等总部派技术员过来，一等就是四十天",
    "给我刷了一遍程序，刷完连蓝牙都连不上了",
]
FEELING = [
    "每次出门心里都没有底",
    "一家人坐在车上真的很害怕",
    "越想越觉得这钱花得冤枉",
    "当初就是冲着口碑买的，现在很失望",
    "说实话其他方面我还是满意的",
    "朋友问起来我都不知道怎么开口",
    "已经影响到正常上下班了",
    "再这样下去只能卖掉",
]
ASK = [
    "希望厂家给一个明确的说法",
    "要求更换同型号的全新总成并延长质保",
    "请尽快安排技术人员上门检测",
    "退车也行换车也行，给个痛快话",
    "把检测报告拿出来给车主看",
    "至少把这段时间的打车费承担了",
    "有同样情况的车友可以留言，一起反映",
    "如果再不处理就去市场监管部门反映",
]
OPENINGS = [
    "转一个车友的遭遇：",
    "帮朋友发：",
    "看到一条，大家注意了，",
    "搬运，侵删。",
    "太真实了！！",
    "原帖被删了再发一遍，",
    "扩散一下，",
]
SWAPS = {
    "突然": "忽然",
    "师傅": "技师",
    "店里": "门店",
    "厂家": "厂商",
    "希望": "盼望",
    "没有": "没",
    "现在": "如今",
    "真的": "实在",
    "换了": "更换了",
    "故障": "毛病",
    "安排": "派",
    "检测": "检查",
    "说法": "解释",
    "晚上": "夜里",
    "明显": "厉害",
    "时候": "那会儿",
    "尽快": "马上",
    "朋友": "哥们",
    "要求": "请求",
    "反映": "投诉",
    "同款": "同一款",
    "一样": "相同",
    "以后": "之后",
    "下雨": "雨天",
    "不到": "不足",
    "观察": "看看",
    "登记": "记录",
    "来回": "反复",
}
TRADITIONAL = str.maketrans(
    "车换门开关电动没说给厂质检测过时间级统现实热凉声钱样长无办里后经题问买卖两处内饰发机变轮雨刹头",
    "車換門開關電動沒說給廠質檢測過時間級統現實熱涼聲錢樣長無辦裡後經題問買賣兩處內飾發機變輪雨剎頭",
)
EMOJI = "😡😭👎🙏😤💔🚗⚡😡😭👎🙏😤"
EDITS = ("opening", "tail", "swap", "emoji", "traditional", "punctuation", "typo", "drop", "digits")


def source(random_: random.Random) -> str:
    """Return one voice of its own, 40 to 250 characters."""
    pick = random_.choice
    parts = [f"{pick(WHO)}{pick(CAR)}，{pick(WHEN)}{pick(FAULT)}", pick(DEALER)]
    for stock, chance in (
        (FEELING, 0.6),
        (ASK, 0.8),
        (DEALER, 0.3),
        (FAULT, 0.25),
        (FEELING, 0.2),
        (ASK, 0.2),
    ):
        if random_.random() < chance:
            parts.append(pick(stock))
    # Facts that no other owner has: they make two voices with the same trouble differ.
    parts.insert(random_.randint(1, len(parts)), own_words(random_))
    parts.insert(random_.randint(1, len(parts)), own_words(random_))
    return "。".join(parts) + random_.choice("。！~")


_SYLLABLES = (
    "城东西南北环桥湖路口站村镇湾坡岭河街坊园社区厂库棚边角左右前后红灰白蓝旧新大小高低快慢急缓清早傍晚"
    "中午半夜周一二三四五六年初月底孩子老人邻居同事修理洗加油排队等灯堵坑砖泥沙石树叶雪冰雾风"
)


def own_words(random_: random.Random) -> str:
    """Return a sentence nobody else says: places and circumstances at random."""
    word = "".join(random_.choice(_SYLLABLES) for _ in range(random_.randint(8, 18)))
    return f"{word[:4]}那边{word[4:8]}的，{word[8:]}{random_.randint(2, 90)}次"


def edit(text: str, random_: random.Random, rate: float) -> str:
    """Return an edited copy; at least `rate` of the characters are touched by swaps, typos and drops."""
    kinds = random_.sample(EDITS, random_.randint(1, 3))
    if not {"swap", "typo", "drop"}.intersection(kinds):
        kinds.append(random_.choice(("swap", "typo", "drop")))
    for kind in kinds:
        text = _EDITORS[kind](text, random_, rate / sum(one in ("swap", "typo", "drop") for one in kinds))
    return text


def _opening(text: str, random_: random.Random, rate: float) -> str:
    return random_.choice(OPENINGS) + text


def _tail(text: str, random_: random.Random, rate: float) -> str:
    return text[: int(len(text) * random_.uniform(0.6, 0.9))] + random_.choice(
        ["……", "（见图）", "", "…全文"]
    )


def _swap(text: str, random_: random.Random, rate: float) -> str:
    places = [(match.start(), word) for word in SWAPS for match in re.finditer(word, text)]
    random_.shuffle(places)
    budget = rate * len(text)
    chosen = []
    for start, word in places:
        if budget <= 0:
            break
        chosen.append((start, word))
        budget -= len(word)
    for start, word in sorted(chosen, reverse=True):
        text = text[:start] + SWAPS[word] + text[start + len(word) :]
    # Where the list has no word left, two characters are written otherwise.
    while budget > 0:
        at = random_.randrange(max(1, len(text) - 2))
        text = text[:at] + "".join(random_.choice(_SYLLABLES) for _ in range(2)) + text[at + 2 :]
        budget -= 2
    return text


def _typo(text: str, random_: random.Random, rate: float) -> str:
    letters = list(text)
    for at in random_.sample(range(len(letters)), max(1, int(rate * len(letters) / 2))):
        letters[at] = random_.choice(_SYLLABLES)
    return "".join(letters)


def _drop(text: str, random_: random.Random, rate: float) -> str:
    length = max(1, int(rate * len(text)))
    at = random_.randrange(max(1, len(text) - length))
    return text[:at] + text[at + length :]


def _emoji(text: str, random_: random.Random, rate: float) -> str:
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(text))
        text = text[:at] + random_.choice(EMOJI) + text[at:]
    return text


def _traditional(text: str, random_: random.Random, rate: float) -> str:
    return text.translate(TRADITIONAL)


def _punctuation(text: str, random_: random.Random, rate: float) -> str:
    return "".join(random_.choice(["，", " ", "、", "！", ""]) if one in "，。" else one for one in text)


def _digits(text: str, random_: random.Random, rate: float) -> str:
    return re.sub(r"\d+", lambda match: str(random_.randint(1, 99)), text)


_EDITORS = {
    "opening": _opening,
    "tail": _tail,
    "swap": _swap,
    "emoji": _emoji,
    "traditional": _traditional,
    "punctuation": _punctuation,
    "typo": _typo,
    "drop": _drop,
    "digits": _digits,
}


def planted(seed: int, sources: int, reposted: int) -> tuple[dict[str, int], dict[str, float]]:
    """Return text → number of its source, and copy → share of characters edited.

    The first `reposted` of the sources have one to six copies; all others are decoys.
    """
    random_ = random.Random(seed)
    owner: dict[str, int] = {}
    rates: dict[str, float] = {}
    for number in range(sources):
        text = source(random_)
        owner.setdefault(text, number)
        for _ in range(random_.randint(1, 6) if number < reposted else 0):
            rate = random_.uniform(0.01, 0.15)
            copy = edit(text, random_, rate)
            if owner.setdefault(copy, number) == number and copy != text:
                rates[copy] = rate
    return owner, rates
