"""
The words that made-up names are put together from 词表.
"""

from typing import NamedTuple

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
    "程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
)  # fmt: skip


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    "建国 秀英 志强 丽华 玉兰 海涛 晓东 春梅 国栋 淑珍 永刚 桂芝 立新 艳红 文博 佳琪 洪亮 雪梅 振宇 凤霞 "
    "宝山 玲玲 庆丰 美娟 长江 慧敏 学文 小燕 天明 素云 铁军 红梅 世杰 亚楠 占山 月华 大勇 金凤 景辉 思雨"
)

#: What a sign begins with: a word of good luck, or whose place it is.
LUCKY = _words(
    "鑫源 福顺 聚德 祥和 永兴 宏达 顺发 金玉 百佳 家和 瑞丰 同心 广源 兴隆 万福 长青 四季 好又来 一品 东升 "
    "惠民 喜洋洋 辽西 塞外 玉龙 小城 老味道 邻里 好日子 天天"
) + tuple(f"老{surname}" for surname in SURNAMES[:20])


class Trade(NamedTuple):
    """A trade: the category it is registered under, the words on the sign, and how wide its front is (metres)."""

    category: str
    words: tuple[str, ...]
    front: tuple[int, int]


def _trade(category: str, words: str, *front: int) -> Trade:
    return Trade(category, _words(words), (front[0], front[1]))


TRADES = (
    _trade("catering", "饺子馆 烧烤 面馆 包子铺 羊汤馆 豆腐坊 小吃部 火锅店 馅饼店 铁锅炖", 4, 14),
    _trade("retail", "超市 便利店 水果店 五金商店 文具店 药房 服装店 粮油店 鲜花店 茶庄", 4, 18),
    _trade("service", "理发店 洗衣店 照相馆 打字复印社 眼镜店 旅店 宠物店", 3, 10),
    _trade("repair", "修车行 家电维修部 修鞋铺 轮胎店 手机维修", 3, 9),
    _trade("office", "装饰公司 保险服务部 培训学校", 6, 20),
)
#: How often each of ``TRADES`` stands along a street.
TRADE_WEIGHTS = (34, 38, 15, 9, 4)

ROADS = _words(
    "中华路 解放大街 人民大街 矿工大街 和平路 民主路 保健街 育才街 红玉路 八一路 经纬路 滨河路 "
    "站前街 迎宾大街 新华路 光明街 西山路 五龙街 平安大街 兴隆街 团结路 友谊街 文化路"
)
ALLEYS = _words("东一巷 西二巷 南胡同 北胡同 书院巷 豆腐巷 铁道巷 井沿巷")
CONTRACTORS = ("海州区环卫处一队", "海州区环卫处二队", "阜新洁城保洁公司", "绿园环境服务公司")
