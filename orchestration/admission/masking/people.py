"""Find names and addresses, as far as cues reach; what they do not reach stands in the docs.

Works on folded text (`fold.py`). A name needs a cue before it (我叫, 联系人) or a title after it
(先生, 经理); an address needs a cue, or a road or estate together with a door. Bare names are not
found by rules: access control carries that promise, not masking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestration.admission.masking.numbers import Span

_CJK = "\u4e00-\u9fff"
_SURNAMES = frozenset(
    "常王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎闫余潘杜戴夏钟汪田任"
    "姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚文樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂焦向柳邢岳齐梅莫庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫屈鲍位覃霍翁隋植甘景薄单"
    "司柏宁柯阮桂闵强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫嵺苟全褚廉简娄符奚木穆党燕郎邸冀谈姬屠郜晏栾郁商蒙喻揭窦"
    "迟宇敖糜鄢冷卓仇艾蓝巩稽井练仲乐虞卞封竺冼官衣楚佟栗匡宗巫鞠僧桑荆谌银扬沙薄伏岑习胥保蔺"
)
# Surnames that are above all everyday words: a title after them proves nothing on its own.
_EVERYDAY = frozenset(
    "常安向成单位来全强车和应保商原都官台计连关解明花都房边路包司管方于游查盖简党宁华乐银冷木古米沙文康阳金温石万高白卫"
)
_COMPOUND = frozenset(
    "欧阳|司马|上官|诸葛|皇甫|令狐|慕容|司徒|端木|东方|公孙|尉迟|夏侯|宇文|长孙|独孤|南宫|百里|呼延|轩辕".split(
        "|"
    )
)
_NOT_GIVEN = frozenset(
    "的了是在有我你他她它们这那就都也不没很太最还又再已被把让给跟和与或但却而且如果因为所以吗呢吧啊呀哦嗯么什怎谁哪个位名些"
    "上下里外前后左右来去到从向往于对说话问看听想要会能可应该做打买卖修换车店家厂款号电机油气灯门座胎屏级型版配置价钱元万"
    "先销售客服务维任何每各另别只等用起开关停坏找叫请并将使由以之其此若则您咱投诉联系反馈处理色两一老班"
)
_TITLES = "先生|女士|小姐(?!姐)|师傅|经理|主管|顾问|店长|老师|太太|主任|大哥|大姐|阿姨|总监|队长|技师|工程师|警官|医生|律师|老板|同志"
TITLE = re.compile(_TITLES + "|总说|总讲|总回|总接|总来|总态|总,|总。|工说|工讲|工回|工接|工来|工态|工,|工。")
_SHORT_TITLE_BEFORE = frozenset("户主的是找叫跟让由给请问被老小位姓、,。!?:;( ")
_NO_NAMES = frozenset(
    "安排 辛苦 银行 车牌 车辆 车型 车子 全款 常开 谢快 高级 金牌 方便 成都 江苏 江西 江淮 江铃 江南 江北 安徽 安装 安全 金融 林肯 雷达 雷凌 雷诺 路虎 康师 万科 马自 马上 方程 高管 高层 "
    "白班 金葵 石家 文员 文案 文化 管理 党员 单位 项目 任何 何况 全国 全体 全部 国际 程序 常务 向导 计划 解决 华东 华南 华北 华中 华为 "
    "都市 官方 官网 周一 周二 周三 周四 周五 周六 周日 周末 周天 史上 黄牌 白领 应急 保险 保安 成交 成品 原厂 商务 商家 车间 房产 台州 温州 宁波 "
    "郑州 徐州 苏州 杭州 金华 黄山 马鞍 查询 游客 连锁 毛病 范围 易车 乐道 岚图 东方 欧拉 欧尚 申请 简直 钟点 于是 易手 牛人 龙头 阳光 孔师 高手 "
    "明天 明确 冷却 卫生 宗旨 冯老 江湖 古老 白天 夏天 秦始 唐朝 宋朝 明显 项目部 方面 温馨 米粉 齐全 路边 路人 包括 左边 和平 强烈 车主 车友 车队".split()
)
_WORD_ENDS = frozenset(
    "感谢 多谢 谢谢 携程 客房 银行 正常 经常 平常 非常 异常 日常 通常 时常 家常 钣金 五金 定金 订金 押金 现金 奖金 资金 保安 公安 平安 西安 国安 长安 身高 提高 新高 最高 升高 不高 很高 北方 南方 东方 西方 对方 官方 "
    "厂方 店方 双方 我方 地方 四方 警方 三方 甲方 乙方 丙方 远方 一方 长江 浙江 镇江 九江 黑江 明白 小白 空白 表白 钻石 宝马 骏马 斑马 路程 工程 "
    "里程 课程 流程 远程 全程 行程 过程 历史 小米 大众 丰田 本田 福田 一汽 海马 力帆 水平 大路 公路 道路 马路 修路 走路 开车 修车 卖车 拖车 验车 "
    "用车 试车 购车 提车 洗车 新车 货车 客车 汽车 电车 停车 有关 相关 机关 海关 开关 负责 主管 保管 高管 包管 中文 英文 作文 原文 人文 公司 上司 "
    "人民 健康 小康 高温 低温 降温 南宁 辽宁 西宁 中华 大华 快乐 音乐 娱乐 千万 百万 十万 几万 上万 一万 两万 三万 万万 出来 起来 过来 回来 后来 "
    "上来 下来 进来 本来 原来 未来 蔚来 从来 多来 安全 完全 齐全 单位 两位 三位 几位 各位 哪位 这位 那位 一位 多位 诸位 该位 找位 买单 订单 工单 "
    "名单 下单 派单 简单 清单 阶段 手段 时段 路段 地段 片段 一段 导向 方向 转向 统计 设计 估计 会计 累计 理解 了解 讲解 见解 和解 缓解 面包 背包 红包 "
    "打包 承包 检查 审查 调查 复查 抽查 巡查 高管 旅游 导游 声明 说明 证明 透明 文明 聪明 照明 发明 电池 水池 小白 老师 我叫 反应 响应 供应 答应 对应 "
    "相应 不应 中国 首都 成都 全都 平台 前台 后台 柜台 吧台 展台 一台 两台 这台 那台 电台 海南 品牌 金牌 老牌 大牌 招牌 维保 质保 延保 续保 环保 社保 "
    "确保 担保 投保 出保 过保 在保 交强 加强 坚强 顽强 增强 两边 旁边 这边 那边 左边 右边 身边 一边 岸边 厂商 经商 供商 客商 智商 电商 奸商 协商 微商 "
    "代商 库房 店房 厨房 漆房 烤房 住房 买房 新房 乡房".split()
)
_CUE = re.compile(
    r"(?:我叫做?|名字(?:叫|是)|(?<![著知有])名叫|本人(?:姓名|名叫)?|(?:联系|投诉|收件|收货|报修|反馈|当事)人(?:姓名)?|(?:客户|车主|用户|真实)?姓名"
    r"|户名|称呼 ?(?=:)|一位叫|有个叫|(车主|客户|机主|用户|司机) ?(?=:))(?:是|为|叫)?( ?: ?| )?"
)
_NAME_AFTER = re.compile(rf"[{_CJK}]{{2,4}}")
_FOREIGN_NAME = re.compile(rf"[{_CJK}]{{2,6}}\.[{_CJK}]{{2,8}}")
_FOLLOWS = re.compile(
    rf"电话|手机|联系|身份|地址|住址|性别|先生|女士|小姐|年龄|车牌|车架|微信|邮箱|证件|号码|(?:{_TITLES})"
)
_NOT_A_NAME = frozenset(
    "不详 未知 匿名 保密 本人 同上 先生 女士 客户 车主 用户 没有 暂无 无名 不知 未填 测试 售后 销售 经理 客服 店长 隐藏 待定 自己 我的 他的 她的".split()
)
_FAMILY_NAME = re.compile(rf"(?:免贵|我|他|她|个|位|本人)姓([{_CJK}])(?![名氏])")

NAME_CUE_GATE = re.compile(
    "我叫|名字|名叫|本人|系人|诉人|件人|货人|修人|馈人|事人|姓名|户名|车主:|客户:|机主:|用户:|司机:|车主 :|客户 :|称呼|位叫|个叫|贵姓|我姓|他姓|她姓|位姓|个姓"
)
ADDRESS_CUE_GATE = re.compile(
    "地址|住址|住地|籍地|住在|居在|现居|家在|我住|现住|家住|就住|寄到|寄往|送到|发到|邮到"
)
DOOR_GATE = re.compile("[0-9](?:[栋幢座弄组室]|号楼|单元|-[0-9]{1,3}-[0-9])")

_ADDRESS_CUE = re.compile(
    r"(?<![店司商网P站])(?:(?:家庭|联系|收货|通讯|邮寄|详细|取车|上门|现住|居住|户籍|送车|办公|我家|我的)?(?:取车)?地址|住址|[居]住地|户籍地|(?:现|暂)?居住?[在于]|现居|(?:住|家)在"
    r"|(?:我|现|家|就)住|寄到|寄往|送到|发到|邮到)(?:是|为|在|:| ){0,3}"
)
_LONGEST_ADDRESS = 120
_ADDRESS_BODY = re.compile(rf"[{_CJK}0-9A-Za-z()#.~\-]{{4,60}}(?: [{_CJK}0-9A-Za-z()#\-]{{2,30}}){{0,2}}")
_AREA_WORD = re.compile(f"[省市区县镇乡村路街道巷弄苑城庭府湾屯庄组坊园寓厦馆岛里](?<=[{_CJK}]{{3}})")
_NO_PLACE = frozenset("的这那最我了着过进几")
_HOUSE_NUMBER = re.compile("[0-9]{1,5}(?:号|弄|栋|幢|座|组|室|-[0-9])")
_ADDRESS_END = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,5}(?:号楼|号院|号|室|栋|幢|座|单元|楼|层|弄|组|户|期)|[0-9]{1,4}(?:-[0-9]{1,4}){1,3}|小区|花园|家园|公寓|[苑村庄])"
    r"(?:[0-9]{1,4}(?:-[0-9]{1,4}){0,2}(?:室|(?![0-9-]|号|栋|幢|弄|组|座|单元|楼|层|户|期)))?"
)
_DOOR = re.compile(
    r"[0-9]{1,4}(?:栋|幢|号楼|座|单元|弄|组)[0-9A-Za-z]{0,3}(?:单元|号楼|[号栋楼座室户])?(?:[0-9]{1,4}(?:-[0-9]{1,4}){0,2}(?:[室号户]|(?![0-9栋幢弄座组楼]|单元)))?"
    r"|[0-9]{1,3}-[0-9]{1,3}-[0-9]{2,4}(?![0-9-])|[0-9]{3,4}室"
)
_ROOM = re.compile("[0-9]{1,4}(?:[室号户]|(?![0-9.-]))")
_NO_ADDRESS = re.compile(rf"[^{_CJK}0-9A-Za-z()\-]")
_PLACE = re.compile(
    f"(?:[路街巷弄村镇乡苑城里庭府园寓区道](?<=[{_CJK}]{{3}})|[市区县](?<=[{_CJK}]{{3}})[{_CJK}]{{2,8}}$)"
)
_LEFT_CUT = re.compile("[在到于是往从去住停叫]")


def find_cued_names(text: str) -> Iterator[Span]:
    """Yield names after a cue (我叫, 姓名:) and surnames after 姓."""
    for match in _CUE.finditer(text):
        length = _cued_length(text, match)
        if length:
            yield "person_name", match.end(), match.end() + length
    for match in _FAMILY_NAME.finditer(text):
        if match[1] in _SURNAMES:
            yield "person_name", *match.span(1)


def find_titled_names(text: str) -> Iterator[Span]:
    """Yield names before a title (王先生, 李小明经理)."""
    for match in TITLE.finditer(text):
        length = _titled_length(text, match)
        if length:
            yield "person_name", match.start() - length, match.start()


def _cued_length(text: str, cue: re.Match[str]) -> int:
    """Return the number of characters of the name after a cue, 0 if none."""
    is_speaker = cue[1] is not None
    with_colon = ":" in (cue[2] or "") and not is_speaker
    if with_colon and (foreign := _FOREIGN_NAME.match(text, cue.end())):
        return len(foreign[0])
    match = _NAME_AFTER.match(text, cue.end())
    if match is None or match[0][:2] in _NOT_A_NAME or match[0][:2] in _NO_NAMES:
        return 0
    compound = 2 if match[0][:2] in _COMPOUND else 0
    if not compound and match[0][0] not in _SURNAMES:
        is_alone = len(match[0]) <= 4 and not text[match.end() : match.end() + 1].isalpha()
        return len(match[0]) if with_colon and is_alone and not set(match[0]) & _NOT_GIVEN else 0
    length = _given_end(text, cue.end(), max(compound, 1), with_colon)
    # In a transcript 客户: starts whatever the customer says, seldom a name.
    is_weak = not with_colon and (match[0][0] in _EVERYDAY or "本人" in cue[0]) and not compound
    if is_speaker and match[0][0] in _EVERYDAY:
        return 0
    return 0 if (is_weak or is_speaker) and not _ends_there(text, cue.end() + length) else length


def _given_end(text: str, start: int, surname: int, with_colon: bool) -> int:
    """Return the length of surname and given name (one or two characters) from `start`."""
    first = text[start + surname : start + surname + 1]
    if (
        not first
        or first in _NOT_GIVEN
        or not "\u4e00" <= first <= "\u9fff"
        or _FOLLOWS.match(text, start + surname)
    ):
        return surname if with_colon or surname == 2 else 0
    place = start + surname + 1
    second = text[place : place + 1]
    is_given = "\u4e00" <= second <= "\u9fff" and second not in _NOT_GIVEN and not _FOLLOWS.match(text, place)
    return surname + 1 + is_given


def _ends_there(text: str, place: int) -> bool:
    following = text[place : place + 1]
    return (
        not "\u4e00" <= following <= "\u9fff"
        or following in "于在是"
        or _FOLLOWS.match(text, place) is not None
    )


def _titled_length(text: str, title: re.Match[str]) -> int:
    """Return the number of characters of the name right before a title, 0 if none."""
    before = text[max(0, title.start() - 4) : title.start()]
    if _SURNAMES.isdisjoint(before) and not any(before[place : place + 2] in _COMPOUND for place in range(3)):
        return 0
    if not before or not "\u4e00" <= before[-1] <= "\u9fff":
        return 0
    if title[0][0] in "总工" and title[0] not in {"工程师", "总监"}:
        is_named = before[-1] in _SURNAMES and before[-1] not in _EVERYDAY
        return int(is_named and (len(before) == 1 or before[-2] in _SHORT_TITLE_BEFORE))
    for length in (4, 3, 2):
        if before[-length:][:2] in _COMPOUND and len(before) >= length:
            return length
    for length in (3, 2):
        name = before[-length:]
        if len(before) >= length and _is_full_name(name, before[-length - 1 : -length]):
            return length
    surname, word = before[-1], before[-2:]
    if surname not in _SURNAMES or word in _WORD_ENDS or surname + title[0] == "康师傅":
        return 0
    is_at_edge = len(before) == 1 or before[-2] in _SHORT_TITLE_BEFORE or before[-2] in _NOT_GIVEN
    return 1 if is_at_edge or surname not in _EVERYDAY else 0


def _is_full_name(name: str, before: str) -> bool:
    if name[0] not in _SURNAMES or name[:2] in _NO_NAMES or set(name[1:]) & _NOT_GIVEN:
        return False
    if not all("\u4e00" <= character <= "\u9fff" for character in name):
        return False
    return before + name[0] not in _WORD_ENDS and name[-2:] not in _WORD_ENDS


def find_cued_addresses(text: str) -> Iterator[Span]:
    """Yield addresses after a cue (地址:, 住在)."""
    last = next_end = 0
    for match in _ADDRESS_CUE.finditer(text):
        start = match.end()
        # Text full of cues without an address must stay cheap: ask once where the next one could end.
        if next_end < start:
            ahead = _ADDRESS_END.search(text, start)
            if ahead is None:
                return
            next_end = ahead.end()
        if start < last or next_end - start > _LONGEST_ADDRESS:
            continue
        end = _address_end(text, match)
        if end:
            last = end
            yield "address", start, end


def find_doors(text: str) -> Iterator[Span]:
    """Yield addresses without a cue: a road or an estate with a door."""
    last = 0
    for match in _DOOR.finditer(text):
        start = _address_start(text, match.start()) if match.start() >= last else None
        if start is not None:
            last = _longest_door(text, match.end())
            yield "address", start, last


def _address_end(text: str, cue: re.Match[str]) -> int:
    """Return where the address after a cue ends, 0 if what follows is none."""
    start = cue.end()
    body = _ADDRESS_BODY.match(text, start)
    if body is None or body[0][0] in _NO_PLACE:
        return 0
    ends = [match.end() for match in _ADDRESS_END.finditer(body[0])]
    address = body[0][: ends[-1]] if ends else ""
    if len(address) < 5 or not _AREA_WORD.search(address):
        return 0
    # 住在, 送到 and the like also stand before hotels and any village: they need a house number.
    is_named = "址" in cue[0] or _HOUSE_NUMBER.search(address) is not None
    return start + ends[-1] if is_named else 0


def _longest_door(text: str, end: int) -> int:
    while (more := _DOOR.match(text, end)) or (more := _ROOM.match(text, end)):
        end = more.end()
    return end


def _address_start(text: str, door: int) -> int | None:
    """Return where the address before a door begins, None if no road or estate stands there."""
    before = _NO_ADDRESS.split(text[max(0, door - 44) : door])[-1]
    if not _PLACE.search(before):
        return None
    start = door - len(before)
    for cut in _LEFT_CUT.finditer(before):
        if _PLACE.search(before, cut.end()):
            start = door - len(before) + cut.end()
    return start
