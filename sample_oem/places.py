"""Provinces, cities and the codes that hang on them (plate letters, ID-card prefixes, dialling codes).

Geography only; people and cars that live there are made in ``identifiers`` and ``world``.
"""

from __future__ import annotations

from dataclasses import dataclass

# province | plate character | ID-card prefix of the province | city:plate letter:dialling code:district …
_TABLE = """
北京|京|11|北京:A:010:朝阳区 海淀区 丰台区 通州区 昌平区 大兴区
上海|沪|31|上海:A:021:浦东新区 闵行区 宝山区 嘉定区 松江区 徐汇区
天津|津|12|天津:A:022:南开区 河西区 西青区 东丽区
重庆|渝|50|重庆:A:023:渝北区 江北区 九龙坡区 巴南区
广东|粤|44|广州:A:020:天河区 番禺区 白云区 黄埔区;深圳:B:0755:南山区 宝安区 龙岗区 福田区;佛山:E:0757:顺德区 南海区 禅城区;东莞:S:0769:南城街道 长安镇 虎门镇;惠州:L:0752:惠城区 惠阳区
浙江|浙|33|杭州:A:0571:余杭区 萧山区 西湖区 滨江区;宁波:B:0574:鄞州区 海曙区 慈溪市;温州:C:0577:鹿城区 瓯海区 瑞安市;绍兴:D:0575:柯桥区 越城区;金华:G:0579:婺城区 义乌市
江苏|苏|32|南京:A:025:江宁区 浦口区 建邺区;苏州:E:0512:吴中区 昆山市 相城区;无锡:B:0510:滨湖区 江阴市;徐州:C:0516:云龙区 铜山区;南通:F:0513:崇川区 海门区
山东|鲁|37|济南:A:0531:历下区 槐荫区 章丘区;青岛:B:0532:黄岛区 城阳区 即墨区;烟台:F:0535:芝罘区 福山区;潍坊:G:0536:奎文区 寿光市;临沂:Q:0539:兰山区 罗庄区
河南|豫|41|郑州:A:0371:金水区 中原区 新郑市;洛阳:C:0379:涧西区 洛龙区;南阳:R:0377:卧龙区 宛城区;商丘:N:0370:梁园区 睢阳区
河北|冀|13|石家庄:A:0311:长安区 裕华区 藁城区;保定:F:0312:莲池区 竞秀区;唐山:B:0315:路南区 丰润区;廊坊:R:0316:广阳区 三河市
四川|川|51|成都:A:028:武侯区 龙泉驿区 双流区 青羊区;绵阳:B:0816:涪城区 游仙区;南充:R:0817:顺庆区 高坪区
湖北|鄂|42|武汉:A:027:洪山区 江夏区 汉阳区 东西湖区;宜昌:E:0717:西陵区 伍家岗区;襄阳:F:0710:樊城区 襄城区
湖南|湘|43|长沙:A:0731:岳麓区 雨花区 开福区;株洲:B:0733:天元区 荷塘区;衡阳:D:0734:蒸湘区 雁峰区
福建|闽|35|福州:A:0591:鼓楼区 仓山区 闽侯县;厦门:D:0592:集美区 同安区;泉州:C:0595:晋江市 丰泽区
安徽|皖|34|合肥:A:0551:蜀山区 包河区 肥西县;芜湖:B:0553:镜湖区 鸠江区;阜阳:K:0558:颍州区 颍上县
江西|赣|36|南昌:A:0791:红谷滩区 青山湖区;赣州:B:0797:章贡区 南康区;九江:G:0792:浔阳区 濂溪区
陕西|陕|61|西安:A:029:雁塔区 未央区 长安区 灞桥区;咸阳:D:0910:秦都区 渭城区;榆林:K:0912:榆阳区 神木市
辽宁|辽|21|沈阳:A:024:浑南区 铁西区 于洪区;大连:B:0411:甘井子区 金州区;鞍山:C:0412:铁东区 立山区
吉林|吉|22|长春:A:0431:朝阳区 绿园区 净月区;吉林:B:0432:船营区 丰满区
黑龙江|黑|23|哈尔滨:A:0451:南岗区 道里区 香坊区;齐齐哈尔:B:0452:龙沙区 建华区;大庆:E:0459:萨尔图区 让胡路区
山西|晋|14|太原:A:0351:小店区 迎泽区 万柏林区;大同:B:0352:平城区 云冈区;运城:M:0359:盐湖区 河津市
云南|云|53|昆明:A:0871:官渡区 五华区 呈贡区;曲靖:D:0874:麒麟区 沾益区
贵州|贵|52|贵阳:A:0851:观山湖区 南明区 花溪区;遵义:C:0852:汇川区 红花岗区
广西|桂|45|南宁:A:0771:青秀区 西乡塘区;柳州:B:0772:鱼峰区 柳南区;桂林:C:0773:七星区 临桂区
海南|琼|46|海口:A:0898:龙华区 美兰区
甘肃|甘|62|兰州:A:0931:城关区 七里河区 安宁区
内蒙古|蒙|15|呼和浩特:A:0471:赛罕区 新城区;包头:B:0472:昆都仑区 青山区
新疆|新|65|乌鲁木齐:A:0991:天山区 水磨沟区 新市区
宁夏|宁|64|银川:A:0951:兴庆区 金凤区
"""  # noqa: E501


@dataclass(frozen=True)
class City:
    """One city with everything an identifier needs to look local."""

    province: str
    name: str
    plate_prefix: str
    id_prefix: str
    dial_code: str
    districts: tuple[str, ...]


def _parse(table: str) -> tuple[City, ...]:
    cities = []
    for line in table.strip().splitlines():
        province, plate, id_prefix, rest = line.split("|")
        for item in rest.split(";"):
            name, letter, dial, districts = item.split(":")
            cities.append(City(province, name, plate + letter, id_prefix, dial, tuple(districts.split())))
    return tuple(cities)


CITIES: tuple[City, ...] = _parse(_TABLE)
PROVINCES: tuple[str, ...] = tuple(dict.fromkeys(city.province for city in CITIES))
PLACE_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys([*PROVINCES, *(c.name for c in CITIES), *(d for c in CITIES for d in c.districts)])
)
