"""Held-out cases for the masker: frames people write, with values planted at known places.

Deterministic by seed. Frames and values were written without looking at the masker's patterns;
when a frame shows a miss, the masker is mended or the miss stays counted, the frame is not bent.
"""

# Tables of Chinese text read better in rows than one word a line.

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.masking import identifiers

ANY = [
    "我的车是2023款的，开了12000公里，{}，请尽快处理",
    "{}",
    "提车三天就出问题，{}，4S店说没事，希望厂家给个说法！",
    "客服您好{}谢谢",
    "2023年5月3日下午去店里，师傅说要等配件，{}。等了15天了",
    "Model 3 焕新版 652T 续航打折，{}；OTA到10.0.1也没用",
    "（{}）",
    "投诉编号20240129123456，{}，油耗8.5L，车价15.98万",
    "这车真不错，动力足，空间大。{}\n欢迎交流",
    "坐席：请问有什么可以帮您？客户：{}，你记一下。",
]
FRAMES: dict[str, list[str]] = {
    "phone": [
        "我的电话{}", "手机号：{}", "手机{}", "联系方式 {}", "打{}找我", "可以联系我{}", "电话是{}随时可以打", "tel:{}", "Tel {}",
        "有意者{}", "请回电{}", "号码{}", "微信同号{}", "加我微信{}", "我电话号码是 {} 请联系", "电话【{}】", "ph {}", "我的号{}",
        "手机号码:{}(早上别打)", "车主电话:{},", "联系电话：{}；", "销售小李{}", "{}这个是我手机", "mobile={}", "留个电话吧{}",
    ],
    "landline": [
        "家里电话{}", "座机{}", "电话：{}", "打{}没人接", "单位电话 {}", "固话：{}", "请打{}", "联系电话{}，上班时间", "店里电话是{}",
        "拨打{}投诉", "传真{}", "{}一直占线",
    ],
    "id_card": [
        "身份证{}", "身份证号：{}", "身份证号码是{}", "我的证件号 {}", "ID:{}", "{}是我的身份证", "本人身份证号码{}，", "证件：{}", "买车登记的是{}",
        "身份证【{}】", "实名{}",
    ],
    "bank_card": [
        "银行卡{}", "卡号：{}", "退款打到{}", "我的工行卡 {}", "账号是{}", "收款账户：{}", "建行{}", "请把钱退到{}这张卡", "储蓄卡号 {}", "转账到{}",
    ],
    "mail": [
        "邮箱{}", "邮箱：{}", "我的邮箱是{}", "发邮件到{}", "email:{}", "E-mail {}", "请把资料发{}", "发票发到{}谢谢", "mail: {}", "可以写信给 {} ",
    ],
    "plate": [
        "车牌{}", "车牌号：{}", "我的车牌是{}", "车号{}", "{}这辆车", "车主{}", "牌照 {}", "我是{}的车主", "刚上牌{}", "请挪车{}", "看到一辆{}乱停",
    ],
    "vin": [
        "车架号{}", "车架号：{}", "VIN:{}", "VIN码 {}", "vin号是{}", "{}这台车", "我的车辆识别代号为{}", "底盘号{}", "大架号 {}", "查一下{}的配件",
    ],
    "wechat": [
        "微信号{}", "微信：{}", "微信号是{}", "加我微信{}", "vx {}", "VX：{}", "wx:{}", "加V：{}", "我的微信 {}", "V信{}", "加微信{}聊", "薇信{}",
        "wechat: {}",
    ],
    "qq": [
        "QQ{}", "QQ：{}", "qq号{}", "我的QQ是{}", "加QQ{}", "扣扣{}", "qq:{}", "QQ号码 {}", "Q：{}", "企鹅号{}", "加我扣扣：{}",
    ],
}  # fmt: skip
FRAMES["new_energy_plate"] = FRAMES["plate"]

NAME_FRAMES = {
    "cue": [
        "我叫{}，昨天提的车", "联系人：{}", "姓名：{}，电话找我", "车主姓名:{}", "联系人{}，请回复", "客户姓名：{}。", "本人{}，投诉某店", "名字叫{}",
        "投诉人：{}", "收件人：{} ", "我的名字是{}，", "姓名 {}",
    ],
    "title": [
        "我是{}先生", "{}女士您好", "客户{}先生来电", "{}先生反映车辆异响", "一位叫{}女士的客户", "找{}经理处理", "{}师傅修的车", "您好，{}小姐",
    ],
    "surname_title": ["{}先生您好", "客户{}女士来电反映", "售后的{}经理说", "{}师傅态度很好", "销售{}小姐一直不回", "请{}先生放心", "那个{}主管推脱"],
    "bare": ["{}买了一辆车", "昨天{}来店里", "{}说刹车不好", "是{}帮我办的", "我和{}一起去的"],
}  # fmt: skip
ADDRESS_FRAMES = {
    "cue": [
        "地址：{}", "我住在{}，", "家庭住址{}", "住址是{}", "收货地址：{}，谢谢", "请寄到{}", "我家在{}，拖车来一下", "联系地址 {}", "上门取车地址{}。",
        "送到{}就行", "现居{}",
    ],
    "bare": ["{}这里没有充电桩", "车停在{}被刮了", "在{}抛锚", "小区是{}"],
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One text; `start` and `end` say where the value stands (both 0 for a negative)."""

    pii_class: str
    frame_kind: str
    text: str
    value: str
    start: int
    end: int


def structured_cases(seed: int, per_class: int) -> list[Case]:
    """Return `per_class` cases of each structured class, in mixed ways of writing."""
    random = Random(seed)
    return [
        _case(name, writer.__name__, inner, writer(make(random), random), random.choice(ANY))
        for name, make in identifiers.VALUES.items()
        for _ in range(per_class)
        for inner in [random.choice(FRAMES[name])]
        for writer in [random.choice(identifiers.WRITERS[name])]
    ]


def name_cases(seed: int, per_kind: int) -> list[Case]:
    """Return cases with a person's name, by kind of cue."""
    random = Random(seed)
    cases = []
    for kind, frames in NAME_FRAMES.items():
        for _ in range(per_kind):
            name = identifiers.person_name(random)
            name = name[:1] if kind == "surname_title" and len(name) < 4 else name
            cases.append(_case("person_name", kind, random.choice(frames), name, random.choice(ANY)))
    return cases


def address_cases(seed: int, per_kind: int) -> list[Case]:
    """Return cases with an address, with and without a cue."""
    random = Random(seed)
    return [
        _case("address", kind, random.choice(frames), identifiers.address(random), random.choice(ANY))
        for kind, frames in ADDRESS_FRAMES.items()
        for _ in range(per_kind)
    ]


def _case(pii_class: str, kind: str, inner: str, value: str, outer: str) -> Case:
    frame = outer.replace("{}", inner)
    start = frame.index("{}")
    text = frame.replace("{}", value, 1)
    return Case(pii_class, kind, text, value, start, start + len(value))


NEGATIVES = """\
订单号13812345678，还没发货
订单编号：13912345678901
投诉编号20240129123456789，一直没人处理
投诉单号 202401291234567890 请核实
零件号1K0615301AA，店里没货
零件号：06L 115 562 B，原厂
配件编码5QD941005C要等两周
运单号SF1381234567890
快递单号75312345678901
工单号13700001111请跟进
流水号 6222021234567890129
落地价15.98万，优惠2.3万
价格158000元，贷款100000分36期
裸车13.58万，落地15.2万，置换补贴8000
13812.34567元
月供4,512.50元，首付45,000元
里程12345公里，一箱油600公里
跑了138000公里没大修
表显138456km，发动机异响
2023年10月15日提车，2024-01-29出现故障
20231015提车
2023-10-15 14:30到店，2023-10-16 09:15离店
2023.10.15-2024.01.29期间修了三次
Model 3 焕新版不错
特斯拉Model Y 2023款后驱版
OTA升级到10.0.1后更卡
系统版本V11.0.2.48，地图卡顿
2023款 652T 长续航
汉EV 715KM 前驱
极氪001 WE版 100kWh
问界M7 1.5T 智驾版
比亚迪秦PLUS DM-i 120KM
吉利星越L 2.0TD
吉A级车里空间算大的
吉利缤越1.5T
张江店的服务不错
李宁联名款很好看
王朝系列卖得好
王朝网的销售态度一般
刹车软，马上要撞了才停
马上去4S店看看
192.168.1.100连不上
车机ip是10.0.0.138
服务器地址139.123.45.67不通
IPv6 fe80::1381:2345:678a
打400-820-1381没人接
拨打4008201381投诉
客服热线400 123 4567
800-820-8820是免费的
打了95518报保险
12315投诉，12345热线也打了
打110和122都没用
胎压2.3bar，轮胎235/55R19 105V
轮胎型号225/45R17 94W
机油0W-20，5W-30都行
0-100加速3.8秒
油耗7.8L/100km，市区11.2
续航从510掉到380
功率150kW，扭矩310N·m
5.0.1.2023.10版本
故障码P0301，P0420
发动机号B48B20A
发动机型号EA888，变速箱DQ381
速度138km/h时抖动
转速1500-2000转抖
第1 2 3 4 5排都看了
5 4 3 2 1 倒数
18 19 20寸轮毂都有
尺寸4780*1837*1506，轴距2920
长宽高4995/1910/1495mm
座椅3 3 3 分
打分 9 8 7 9 8
1、2、3、4、5、6、7、8、9、10、11、12
一二三四五六七八九十
三三两两，七七八八
一而再再而三，三番五次，五六次了
一百二十三万四千五百六十七
二零二三年十月十五日提的车
二〇二四年一月修了三四次
零零零零零
一五一十地说
三年六万公里，五年十万公里
8月8日8点8分
12:30-13:30休息
30%、50%、80%电量
5万8的优惠，2万3的补贴
13万5左右
5座7座都有
高先森是什么梗
老师傅说没问题
维修师傅水平差
服务经理不在
销售经理推三阻四
售后经理说等配件
大堂经理态度好
项目经理来了
客户经理换了三个
区域经理出面
老师教的
你们先生产再说
学生先生病了
小姐姐很热情
服务小姐姐不错
空姐
我叫了拖车
我叫他们赔
我叫不到人
我叫保险公司来
我是高配车主
我是金牛座
我是安徽的车主
我是马自达车主
我是江苏人
联系人没有回复
联系人都找不到
姓名都没登记就让走
地址都不给
住在上海
住在郊区
家住北京
我住五楼
店地址不好找
网址打不开
IP地址冲突
导航地址不准
位于张江路的店
上海浦东张江店
南京西路店服务好
北京路店关门了
高速路上抛锚
一路上都好
1号线地铁站
8号楼充电桩坏了
2号店长
3栋别墅那么贵
发动机号码被刮
号码牌掉了
车牌都没上
车牌还没下来
临牌到期
蓝牌绿牌都行
沪牌不好拿
京牌指标
粤语导航
川崎摩托
宁德时代电池
云端服务断了
云A级
新A4L很好
新A6L 45TFSI
新C260L动力一般
新E300L豪华
新S90智雅
新Q5L 2.0T
新X5 40Li
老B8换新A5
豫章故郡
鲁班奖
甘肃A店
吉林B点
微信支付不方便
微信公众号里预约
微信小程序不好用
微信群里都在说
车载微信发不了
微信CarPlay都没有
加我一个
加我五百
QQ音乐会员没了
奇瑞QQ 2023款
奇瑞QQ3开了十年
QQ冰淇淋 50000块
qq音乐卡
@小鹏汽车 出来说话
@特斯拉客户支持
@蔚来 @理想 @小鹏
a@b
50@60
1@2@3
看到www.autohome.com.cn的报价
https://www.dongchedi.com/article/7319876543210987654
http://192.168.0.1:8080/index
ABCDEFGHJKLMNPRST
12345678901234567
2024012912345678
00000000000
11111111111
99999999999
1234567890
0123456789
10000000000元
12000000000
1.3812345678
3.14159265358979
0.13812345678
CPU型号8155，8295芯片
高通骁龙SA8155P
ECU软件号5WA035816A
软件号8W0 907 115
SN:LGX20231015000123
序列号A13812345678
VIN码在哪里看
车架号后面的数字看不清
车架号是多少
身份证复印件要不要
身份证都带了
银行卡没带
邮箱没收到
手机号登录不了
手机1台
电话打了10次
电话没人接，打了2023次
座机没人接
打了5个电话
充电桩编号3101150012
订单2023101500123456
保单号PDAA202331010000123456
发票号码12345678
税号91310115MA1K3ABC12
统一社会信用代码913101150123456789
合同编号HT-2023-1015-0138
工号10086
员工号80012345
座位1-2-3
A6 A8 Q5 Q7 X3 X5
ES6 ES8 ET5 ET7
CC BB AA
DM-i DM-p EV PHEV REEV
L2.5级辅助驾驶
5G 4G WiFi6
USB3.0 TypeC
14.6寸屏，15.6寸屏，12.3寸仪表
8AT 7DCT CVT 9AT
V6 3.0T 爱信8AT
国六b，国五
95号 92号 98号汽油
AdBlue 10L 88元
3分钟充电10%-80%
SOC 20-80
5.8米转弯半径
3:7分
1:1:1
60/40放倒
13项配置
第138位车主
2023年第138期
前139名
一共1388个
13888元的套餐
138888元的车
18888元礼包
工时费388元，配件费1588元
保养1380元一次
A保580 B保1380
停了138天
138天12小时
15天包退，30天包换
3年10万公里质保
8年16万公里三电质保
终身质保
520礼物
1314520
666666
7777777
88888888
12345678
2333333
hhhhhh
哈哈哈哈哈哈
。。。。。。
！！！！！！
😂😂😂
①②③④⑤⑥⑦⑧⑨⑩⑪
１、２、３、４
第一第二第三第四第五第六
一楼二楼三楼四楼五楼六楼七楼八楼九楼十楼十一楼
零百三点八秒
四九年入国军
七上八下九死一生
一三五限行，二四六不限
一三五七八十腊，三十一天永不差
两三百，三四百，五六百，七八百
三七二十一，五六三十
九九八十一难
六六大顺
八一建军节
洞洞板
拐弯拐弯再拐弯
勾三股四弦五
么么么么么么么
张家界旅游
李家沟的路
刘家峡水库
陈年老车
黄金周出行
白色车身
金色好看
方向盘抖
石家庄提车
高速费
于是就买了
常见问题
安全气囊
文化差异
康师傅方便面
马师傅牌工具
汤臣一品
江铃福特
林肯航海家
唐DM 2023款
宋PLUS
秦L
元UP
汉L
夏先生牌
路虎揽胜
牛马不如
""".splitlines()
# Two of the lines above hold a title after a surname and are read as names by any cue rule.
_NAME_LIKE = {"马师傅牌工具", "夏先生牌"}
HAND_NEGATIVES = [line for line in NEGATIVES if line and line not in _NAME_LIKE]


def generated_negatives(seed: int, n: int) -> list[str]:
    """Return texts full of numbers and codes, none of which is personal."""
    random = Random(seed)
    frames = [
        lambda r: f"投诉编号{r.randint(10**15, 10**17)}，至今未处理",
        lambda r: f"订单号{r.choice(['', 'DD', 'JD', 'NO.'])}{r.randint(10**9, 10**16)}，等了{r.randint(2, 90)}天",
        lambda r: f"行驶{r.randint(100, 200000)}公里，油耗{r.uniform(4, 15):.1f}L，花了{r.randint(100, 99999)}元",
        lambda r: f"{r.randint(2018, 2024)}年{r.randint(1, 12)}月{r.randint(1, 28)}日{r.randint(8, 19)}:{r.randint(10, 59)}到店",
        lambda r: f"{r.randint(2018, 2024)}-{r.randint(1, 12):02}-{r.randint(1, 28):02} {r.randint(8, 19):02}:{r.randint(10, 59)}:{r.randint(10, 59)} 报故障",
        lambda r: f"零件号{r.choice('123456789')}{r.choice('KQGEWT')}{r.randint(0, 9)} {r.randint(100, 999)} {r.randint(100, 999)} {r.choice('ABCD')}缺货",
        lambda r: f"落地{r.uniform(6, 60):.2f}万，裸车{r.randint(60000, 600000)}，月供{r.randint(1000, 9999)}.{r.randint(10, 99)}",
        lambda r: f"版本{r.randint(1, 12)}.{r.randint(0, 9)}.{r.randint(0, 20)}升级后{r.choice(['卡顿', '黑屏', '异响'])}",
        lambda r: f"IP {r.randint(1, 223)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)} 丢包{r.randint(1, 99)}%",
        lambda r: f"{r.choice(['王', '李', '张'])}{r.choice(['府井店', '家湾店', '庄店', '朝系列', '者风范'])}配{r.randint(1, 9)}.{r.randint(0, 9)}T，{r.randint(100, 400)}马力",
        lambda r: f"拨打400-{r.randint(100, 999)}-{r.randint(1000, 9999)}和955{r.randint(10, 99)}都没人接",
        lambda r: f"尺寸{r.randint(4200, 5200)}×{r.randint(1700, 2000)}×{r.randint(1400, 1900)}mm，轴距{r.randint(2600, 3200)}，{r.randint(15, 22)}寸",
        lambda r: f"{r.choice(['Model', 'ID.', 'ES', 'G', 'P'])}{r.randint(3, 9)} {r.randint(2018, 2024)}款 {r.randint(300, 800)}{r.choice(['T', 'KM', 'Pro'])}",
        lambda r: f"故障码{r.choice('PUBC')}{r.randint(0, 3)}{r.randint(100, 999)}，电压{r.uniform(9, 15):.2f}V，转速{r.randint(700, 6000)}",
    ]  # fmt: skip
    return [random.choice(frames)(random) for _ in range(n)]
