"""The closed list of reasons why a record or delivery is quarantined, with label and remedy.

Here: names and words only. Who finds them: `readers.py`, `canonical.py`, `unpack.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Reason codes as they stand in the ledger; a test keeps the list and its labels together."""

    # the delivery as a whole
    EMPTY_DELIVERY = "empty_delivery"
    HEADER_ONLY = "header_only"
    ARCHIVE_DAMAGED = "archive_damaged"
    ARCHIVE_LIMIT = "archive_limit"
    UNKNOWN_HEADER = "unknown_header"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    NOT_A_WORKBOOK = "not_a_workbook"
    UNKNOWN_SHEET = "unknown_sheet"
    WRONG_DELIMITER = "wrong_delimiter"
    WRONG_ENCODING = "wrong_encoding"
    # bytes and characters
    INVALID_ENCODING = "invalid_encoding"
    MOJIBAKE = "mojibake"
    NUL_CHARACTER = "nul_character"
    CONTROL_CHARACTER = "control_character"
    LONE_SURROGATE = "lone_surrogate"
    # size
    RECORD_TOO_LARGE = "record_too_large"
    FIELD_TOO_LARGE = "field_too_large"
    JSON_TOO_DEEP = "json_too_deep"
    # structure of a record
    UNCLOSED_QUOTE = "unclosed_quote"
    STRAY_QUOTE = "stray_quote"
    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    TRUNCATED_RECORD = "truncated_record"
    INVALID_JSON = "invalid_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_JSON_KEY = "duplicate_json_key"
    NOT_FINITE = "not_finite"
    UNKNOWN_RECORD_TYPE = "unknown_record_type"
    NOT_A_MESSAGE = "not_a_message"
    DUPLICATE_HEADER = "duplicate_header"
    INVALID_MIME = "invalid_mime"
    UNKNOWN_CHARSET = "unknown_charset"
    CELL_ERROR = "cell_error"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    MERGED_CELLS = "merged_cells"
    # values
    MISSING_VALUE = "missing_value"
    AMBIGUOUS_VALUE = "ambiguous_value"
    WRONG_TYPE = "wrong_type"
    INVALID_NUMBER = "invalid_number"
    PRECISION_LOST = "precision_lost"
    INVALID_BOOLEAN = "invalid_boolean"
    INVALID_TIME = "invalid_time"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    PATTERN_MISMATCH = "pattern_mismatch"
    VALUE_NOT_ALLOWED = "value_not_allowed"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    TEXT_TOO_LONG = "text_too_long"


# Reasons a single JSON line can have before its entity is known.
LINE_REASONS = frozenset(
    {
        Reason.INVALID_ENCODING, Reason.NUL_CHARACTER, Reason.LONE_SURROGATE, Reason.RECORD_TOO_LARGE,
        Reason.JSON_TOO_DEEP, Reason.TRUNCATED_RECORD, Reason.INVALID_JSON, Reason.NOT_AN_OBJECT,
        Reason.DUPLICATE_JSON_KEY, Reason.NOT_FINITE, Reason.UNKNOWN_RECORD_TYPE,
    }
)  # fmt: skip


class ReasonText(NamedTuple):
    """What a person reads: the label and what to do about it."""

    label_zh: str
    remedy_zh: str


_ASK_SOURCE = "请来源方修正后重新交付"
REASON_TEXTS: dict[Reason, ReasonText] = {
    Reason.EMPTY_DELIVERY: ReasonText("空文件", "确认来源当日是否真的没有数据；如导出失败请重新交付"),
    Reason.HEADER_ONLY: ReasonText("只有表头没有数据", "确认来源当日是否真的没有数据；如导出失败请重新交付"),
    Reason.ARCHIVE_DAMAGED: ReasonText("压缩包损坏或无法打开", "请来源方重新压缩并交付，不要加密"),
    Reason.ARCHIVE_LIMIT: ReasonText(
        "压缩包超出安全上限", "压缩比、成员数或解压大小超限；请拆分后以普通文件交付"
    ),
    Reason.UNKNOWN_HEADER: ReasonText("表头与契约不符", "核对渠道是否交错；若来源改版请先更新契约再释放"),
    Reason.MISSING_COLUMN: ReasonText(
        "缺少契约要求的列", "请来源方补列，或在契约中将该列设为 optional_column 后释放"
    ),
    Reason.DUPLICATE_COLUMN: ReasonText("表头有重复列名", _ASK_SOURCE),
    Reason.NOT_A_WORKBOOK: ReasonText(
        "不是可读的工作簿", "请另存为不加密、不含宏的 .xlsx 后重新交付（不要只改扩展名）"
    ),
    Reason.UNKNOWN_SHEET: ReasonText(
        "找不到契约指定的工作表", "请来源方恢复工作表名称，或更新契约的 xlsx.sheet 后释放"
    ),
    Reason.WRONG_DELIMITER: ReasonText(
        "分隔符与契约不符", "请来源方改用契约声明的分隔符，或更新契约的 csv.delimiter 后释放"
    ),
    Reason.WRONG_ENCODING: ReasonText(
        "文件编码与契约不符", "请来源方改用契约声明的编码，或更新契约的 encoding 后释放"
    ),
    Reason.INVALID_ENCODING: ReasonText("含有无法解码的字节", "该行不是契约声明的编码；" + _ASK_SOURCE),
    Reason.MOJIBAKE: ReasonText("文字已成乱码", "来源系统在导出前已用错编码；" + _ASK_SOURCE),
    Reason.NUL_CHARACTER: ReasonText("含有空字符 (NUL)", _ASK_SOURCE),
    Reason.CONTROL_CHARACTER: ReasonText("含有控制字符", _ASK_SOURCE),
    Reason.LONE_SURROGATE: ReasonText("含有不成对的代理字符", "表情或生僻字被截断；" + _ASK_SOURCE),
    Reason.RECORD_TOO_LARGE: ReasonText("记录超过大小上限", "确认是否漏了换行或引号；" + _ASK_SOURCE),
    Reason.FIELD_TOO_LARGE: ReasonText("字段过大", "确认该字段是否混入附件；" + _ASK_SOURCE),
    Reason.JSON_TOO_DEEP: ReasonText("JSON 嵌套过深", "嵌套超过 64 层；" + _ASK_SOURCE),
    Reason.UNCLOSED_QUOTE: ReasonText("引号没有闭合", "该行引号缺失一半；" + _ASK_SOURCE),
    Reason.STRAY_QUOTE: ReasonText("引号位置不合法", "字段中的引号应写成两个并整体加引号；" + _ASK_SOURCE),
    Reason.TOO_FEW_FIELDS: ReasonText("列数不足", _ASK_SOURCE),
    Reason.TOO_MANY_FIELDS: ReasonText("列数过多", "字段内含分隔符时应加引号；" + _ASK_SOURCE),
    Reason.TRUNCATED_RECORD: ReasonText("记录被截断", "文件传输未完成；请重新交付完整文件"),
    Reason.INVALID_JSON: ReasonText("不是合法的 JSON", "一行应为一个完整的 JSON 对象；" + _ASK_SOURCE),
    Reason.NOT_AN_OBJECT: ReasonText("JSON 行不是对象", "一行应为一个 JSON 对象；" + _ASK_SOURCE),
    Reason.DUPLICATE_JSON_KEY: ReasonText("JSON 键重复", "无法判断以哪个值为准；" + _ASK_SOURCE),
    Reason.NOT_FINITE: ReasonText("数值为 NaN 或无穷", _ASK_SOURCE),
    Reason.UNKNOWN_RECORD_TYPE: ReasonText("record_type 不在契约中", "更新契约增加该实体后释放"),
    Reason.NOT_A_MESSAGE: ReasonText("不是邮件", "缺少邮件头；确认导出的是 mbox 或 eml 原文"),
    Reason.DUPLICATE_HEADER: ReasonText("邮件头重复且不一致", "无法判断以哪个值为准；" + _ASK_SOURCE),
    Reason.INVALID_MIME: ReasonText("邮件编码损坏", "附件或正文的 MIME 编码不完整；请重新导出该邮件"),
    Reason.UNKNOWN_CHARSET: ReasonText("邮件字符集未知", "无法按声明的字符集解码；请核对发件系统后重新导出"),
    Reason.CELL_ERROR: ReasonText("单元格是错误值", "公式结果为 #N/A、#REF! 等；请来源方修正公式后重新导出"),
    Reason.FORMULA_WITHOUT_VALUE: ReasonText(
        "公式没有保存结果", "请在 Excel 中打开并保存一次（或粘贴为数值）后重新交付"
    ),
    Reason.MERGED_CELLS: ReasonText("含有合并单元格", "合并处只有左上角有值；请取消合并并补齐每一行"),
    Reason.MISSING_VALUE: ReasonText("必填字段为空", _ASK_SOURCE),
    Reason.AMBIGUOUS_VALUE: ReasonText(
        "新旧字段同时有值且不一致", "同一字段的新旧名称内容不同；请来源方确认以哪个为准"
    ),
    Reason.WRONG_TYPE: ReasonText("字段类型与契约不符", "来源可能改了类型；核对后修正或更新契约"),
    Reason.INVALID_NUMBER: ReasonText("不是合法的数字", _ASK_SOURCE),
    Reason.PRECISION_LOST: ReasonText(
        "数字超过 15 位，末位已失真", "请来源方将该列设为文本格式后重新导出（证件号、卡号尤其如此）"
    ),
    Reason.INVALID_BOOLEAN: ReasonText("不是合法的是否值", _ASK_SOURCE),
    Reason.INVALID_TIME: ReasonText(
        "不是合法的日期或时间", "日期写作 2024-01-31，时间写作 2024-01-31 08:00:00"
    ),
    Reason.TIME_OUT_OF_RANGE: ReasonText(
        "时间超出合理范围", "早于 2000 年或晚于收到后 24 小时；核对来源时钟与单位"
    ),
    Reason.PATTERN_MISMATCH: ReasonText("值不符合契约格式", _ASK_SOURCE),
    Reason.VALUE_NOT_ALLOWED: ReasonText("值不在契约的取值表中", "若为新取值，请先加入契约的 values 再释放"),
    Reason.NUMBER_OUT_OF_RANGE: ReasonText("数值超出契约范围", _ASK_SOURCE),
    Reason.TEXT_TOO_LONG: ReasonText("文本超过契约长度", "核对是否错列；必要时放宽 max_chars 后释放"),
}


class Problem(NamedTuple):
    """Why one record cannot be admitted. `detail` never holds a value of the record."""

    reason: Reason
    field: str = ""
    detail: str = ""
