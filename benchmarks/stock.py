"""Words of the benchmark's voices: enough combinations that texts seldom repeat.

Timing needs volume and plausible term density, not truth: the sample carmaker (`sample_oem`) is the
place for planted truths; here a hundred thousand texts must be made in seconds.
"""

# Tables of columns, phrases and SQL are read more easily unbroken.
# ruff: noqa: E501

from __future__ import annotations

import numpy as np

WHEN = (
    "提车第{n}天", "开了{n}公里", "上个月", "前天早上", "跑高速到{n}公里", "冬天零下{n}度", "昨天晚高峰",
    "保养后第{n}天", "去年十一", "长途回来", "刚过首保", "下雨天", "今年{n}月", "周末带孩子出门", "行驶{n}多公里后",
)  # fmt: skip
WHERE = (
    "在高速上", "在地库里", "过减速带时", "刚出小区", "等红灯时", "在上坡路段", "快到单位的时候", "转弯的时候", "在服务区",
    "走到半路", "拉着一家人", "跑了一段之后", "停了一晚之后", "", "", "",
)  # fmt: skip
BAD = (
    "变速箱顿挫明显，{n}挡升{n}挡尤其严重", "发动机异响，像拖拉机一样", "刹车异响很大，踩下去发软", "刹车突然失灵，差点追尾",
    "中控屏黑屏{n}次，重启才恢复", "车机卡顿，点一下要等{n}秒", "空调不制冷，后排出风口没有风", "续航虚标，表显{n}实际只跑了一半",
    "充电跳枪，功率只有{n}千瓦", "方向盘跑偏，一直往右边拉", "天窗漏水，顶棚都湿了", "座椅塌陷，腰托没有用", "车内异味刺鼻，孩子头疼",
    "隔音太差，风噪胎噪都很吵", "油耗太高，百公里{n}个油", "机油增多还乳化", "自动驻车失效，溜车吓人", "倒车影像黑屏，雷达误报",
    "销售态度恶劣，承诺的优惠不兑现", "售后推诿，{n}次都没修好", "行驶中突然熄火，动力中断", "底盘异响，换了{n}次减震也没解决",
    "车漆起泡生锈，才{n}个月", "大灯进水起雾", "语音识别不灵，经常听不懂", "导航延迟，信号不好", "电池亏电趴窝，等救援{n}小时",
    "轮胎鼓包，偏磨严重", "辅助驾驶误刹，高速上很危险", "价格背刺，刚提车就降价{n}千", "车门关不严，缝隙大", "钥匙没反应，打不开车门",
    "安全气囊故障灯常亮", "刹车时底盘冒烟，有焦糊味", "升级OTA之后油耗更高了", "雨刮器不工作，玻璃看不清",
)  # fmt: skip
GOOD = (
    "动力很足，超车轻松", "空间很大，后排坐三个人不挤", "外观好看，回头率高", "内饰精致，质感不错", "油耗低，百公里{n}个油",
    "续航扎实，跑了{n}公里还有电", "座椅舒服，长途不累", "隔音不错，高速很安静", "操控精准，过弯稳", "服务热情，等了{n}分钟就好",
    "性价比高，值得推荐", "智驾很好用，省心", "刹车线性，很有信心", "空调制冷快，{n}分钟就凉了", "车机流畅，语音识别准", "充电快，{n}分钟充到八成",
)  # fmt: skip
PLAIN = (
    "跟身边的几位朋友聊了聊，大家的说法都不太相同", "订的时候等了{n}天，中间打过{n}次招呼才排到我", "准备下个月带家里人去一趟外地，来回大概{n}公里",
    "预算在{n}万左右，前后看了{n}家店才定下来", "以前一直用的是老款，这次算是置换过来的", "每天上下班来回{n}公里，周末偶尔跑一趟乡下",
    "不清楚是只有我碰到还是大家都这样", "群里也有{n}位网友讲过同样的事情", "当天中午过去，师傅看了半个小时也没讲出个所以然", "前后去了{n}趟，每次都让我先回去等通知",
    "他们记录了一下单号{n}就让我走了", "我把录像和照片都留着，随时可以发过去", "具体经过是这样的，那天下午{n}点多刚从单位出来", "后来又过了{n}天，同样的情形再次出现",
    "写这些是给后面打算入手的人做个参考", "到今天为止一共用了{n}个月，跑了差不多{n}公里", "第一次写这么长，排版不周到的地方见谅", "图片在下面，大家可以点开放大来看",
)  # fmt: skip
WISH = (
    "希望厂家尽快解决。", "要求给一个合理的说法！", "建议下次OTA优化。", "请尽快联系我处理。", "总体还是满意的。", "暂时先观望。",
    "再修不好就退车！", "有没有同款车主一起维权？", "以上是真实感受，仅供参考。", "",
)  # fmt: skip
AGENT = (
    "您好，很高兴为您服务，请问有什么可以帮您？", "给您带来不便非常抱歉，我先记录一下。", "请问您的车架号方便提供吗？", "这边帮您转售后同事跟进，请保持电话畅通。",
    "请问您在哪家门店提的车？", "好的，工单已经提交，{n}个工作日内回复您。",
)  # fmt: skip
PHONE_CUE = ("我的电话是{p}。", "联系方式{p}，随时打。", "请打{p}找我。", "手机号 {p} 微信同号。")


class Words:
    """Text maker over one random stream; the same seed gives the same texts."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def texts(self, count: int, low: int, high: int, bad_share: float, phones: list[str]) -> list[str]:
        """Return `count` texts of `low`..`high` sentences; 3 % hold one of `phones`."""
        sizes = self._rng.integers(low, high + 1, count)
        sentences = self._sentences(int(sizes.sum()), bad_share)
        ends = self._picked(WISH, count)
        said = self._spoken_phones(count, phones)
        texts, place = [], 0
        for size, end, phone in zip(sizes.tolist(), ends, said, strict=True):
            texts.append("".join(sentences[place : place + size]) + phone + end)
            place += size
        return texts

    def _sentences(self, count: int, bad_share: float) -> list[str]:
        rng = self._rng
        kind = np.where(rng.random(count) < bad_share, 0, np.where(rng.random(count) < 0.25, 1, 2)).tolist()
        stocks = (BAD, GOOD, PLAIN)
        which = rng.random(count).tolist()
        when, where = self._picked(WHEN, count), self._picked(WHERE, count)
        numbers = rng.integers(2, 980, count).astype(str).tolist()
        opening = (rng.random(count) < 0.45).tolist()
        result = []
        for k, w, t, p, n, o in zip(kind, which, when, where, numbers, opening, strict=True):
            body = stocks[k][int(w * len(stocks[k]))]
            sentence = f"{t}{p}，{body}。" if o else f"{body}。"
            result.append(sentence.replace("{n}", n))
        return result

    def _picked(self, stock: tuple[str, ...], count: int) -> list[str]:
        return [stock[i] for i in self._rng.integers(0, len(stock), count).tolist()]

    def _spoken_phones(self, count: int, phones: list[str]) -> list[str]:
        said = [""] * count
        for place in np.flatnonzero(self._rng.random(count) < 0.03).tolist():
            cue = PHONE_CUE[place % len(PHONE_CUE)]
            said[place] = cue.replace("{p}", phones[place % len(phones)])
        return said
