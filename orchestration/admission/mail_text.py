"""Words of a mail: HTML turned to text, and the sender's own words without quoted history and signature.

Pure functions on decoded text, line by line and in bounded time. Taking a message apart is
`mail_reader.py`; what the words mean is decided later.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    (
        "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3",
        "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tbody", "thead", "tr",
        "ul",
    )
)  # fmt: skip
_CELLS = frozenset(("td", "th"))
_UNSEEN = frozenset(("head", "script", "style", "template", "title", "noscript"))
_NEVER_CLOSED = frozenset(("br", "hr", "img", "input", "link", "meta"))
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_MAX_QUOTE_DEPTH = 8

# "-----原始邮件-----", "---- 回复的原邮件 ----", "-----Original Message-----"
_DIVIDER = re.compile(
    r"[-_=*\s]{2,80}(?:(?:回复的|轉寄的|转发的)?(?:原始邮件|原始郵件|原邮件|原郵件|邮件原件|转发邮件|轉寄郵件)(?:信息|訊息)?"
    r"|original (?:message|email)|forwarded message|replied message|begin forwarded message:?)[-_=*\s]{2,80}",
    re.IGNORECASE,
)
# "在 2024年5月1日，张三 <…> 写道：", "张三 于2024年5月1日周三 10:00写道：", "On Wed, … wrote:"
_WROTE_CHINESE = re.compile(r"(?:写道|寫道|来信写道|撰写|撰寫)\s*[:：]\s*$")
_WROTE_ENGLISH = re.compile(r"\bwrote\s*:\s*$", re.IGNORECASE)
_WROTE_BEGINS = re.compile(
    r"(?:on\b|at\b|在|於|于|\d{4}|[^\s].{0,60}[于於<＜(（]|[^\s]{1,40}\s)", re.IGNORECASE
)
_TELLS_WHEN = re.compile(
    r"\d{1,4}\s*[-年/.月:：]\s*\d{1,2}|\b(?:mon|tue|wed|thu|fri|sat|sun)\b|[@＠]", re.IGNORECASE
)
_HEADER_FROM = re.compile(r"[*\s]*(?:发件人|發件人|寄件者|寄件人|from)[*\s]*[:：]", re.IGNORECASE)
_HEADER_OTHER = re.compile(
    r"[*\s]*(?:发送时间|發送時間|发送日期|日期|时间|時間|寄件日期|传送时间|傳送時間|收件人|收件者|抄送|副本|主题|主題|主旨"
    r"|sent|date|to|cc|subject)[*\s]*[:：]",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"(?:发自|發自|来自|傳送自)\s*(?:我的)?\s*.{1,24}|从我的.{1,20}(?:发送|发出)|由.{1,20}(?:发出|发送)"
    r"|(?:sent from|get) (?:my |outlook|yahoo|mail ).{0,40}|获取\s*outlook.{0,40}",
    re.IGNORECASE,
)
_DEVICE_WORDS = re.compile(
    r"iphone|ipad|android|手机|手機|outlook|邮箱|郵箱|foxmail|qq|mail|邮件|华为|小米|oppo|vivo|honor|荣耀|galaxy|mate|三星",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"(?:此致|祝好|敬礼|顺祝商祺|顺颂商祺|祝商祺|祝工作顺利|best regards|kind regards|regards|best wishes"
    r"|sincerely)\s*[,，.。!！~]*",
    re.IGNORECASE,
)
_FAREWELL_LINES = 8  # a farewell with more than a signature behind it is part of the letter
_HEADER_BLOCK_LINES = 5


def html_text(html: str) -> str:
    """Return the visible text of an HTML mail; quotations get `> ` before their lines."""
    reader = _HtmlReader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _HtmlReader(HTMLParser):
    """Collects lines; never fails on broken markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._parts: list[str] = []
        self._quotes = 0
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Begin a line at a block, count quotations, skip what nobody sees."""
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag in _BLOCKS:
            self._break(empty=tag == "br")
            self._quotes += tag == "blockquote"
        elif tag in _CELLS:
            self._parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take `<br/>` as `<br>`; a self-closed block holds nothing."""
        self.handle_starttag(tag, attrs)
        if tag not in _NEVER_CLOSED:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a line at the end of a block."""
        if self._unseen:
            if tag == self._unseen[-1] or tag in ("body", "html"):
                self._unseen.pop()
        elif tag in _BLOCKS and tag != "br":
            self._break(empty=tag == "p")
            if tag == "blockquote":
                self._quotes = max(0, self._quotes - 1)

    def handle_data(self, data: str) -> None:
        """Keep text that is seen."""
        if not self._unseen:
            self._parts.append(data)

    def _break(self, *, empty: bool) -> None:
        line = _SPACES.sub(" ", "".join(self._parts)).strip()
        self._parts.clear()
        if line or empty:
            self._lines.append("> " * min(self._quotes, _MAX_QUOTE_DEPTH) + line)

    def text(self) -> str:
        """Return what was seen."""
        self._break(empty=False)
        return tidy("\n".join(line.rstrip() for line in self._lines))


def tidy(text: str) -> str:
    """Return text with plain line ends, no blank edges and at most one blank line in a row."""
    return _BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft line ends of `format=flowed` text (RFC 3676)."""
    out: list[str] = []
    joins = False
    for line in text.replace("\r\n", "\n").split("\n"):
        quoted = line.startswith(">")
        bare = line[1:] if line.startswith(" ") else line
        if joins and not quoted and line != "-- ":
            out[-1] += bare
        else:
            out.append(bare)
        joins = bare.endswith(" ") and line != "-- " and not quoted
        if joins and delete_space:
            out[-1] = out[-1][:-1]
    return "\n".join(out)


def own_text(body: str) -> str:
    """Return what the sender wrote in this mail: no quoted history, no forwarded mail, no signature.

    Knows the quotes of the usual Chinese and English mail programs (在…写道：, 发件人：…, -----原始邮件-----,
    On … wrote:, `>`); lines between quoted ones stay. '' if the sender added nothing.
    """
    kept: list[str] = []
    lines = body.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if _DIVIDER.fullmatch(line) or _is_header_block(lines, at) or line in ("--", "—"):
            break
        height = _wrote(lines, at)
        if height:
            follower = _next_line(lines, at + height)
            if not follower.startswith(">"):
                break
            at += height
            continue
        if not line.startswith(">"):
            kept.append(lines[at].rstrip())
        at += 1
    return tidy("\n".join(_without_signature(kept)))


def _next_line(lines: list[str], at: int) -> str:
    return next((one.strip() for one in lines[at : at + 4] if one.strip()), "")


def _wrote(lines: list[str], at: int) -> int:
    """Return how many lines (1-3) from here say "… wrote:", 0 for none."""
    first = lines[at].strip()
    if not first or len(first) > 300 or not _WROTE_BEGINS.match(first):
        return 0
    said = ""
    for height, line in enumerate(lines[at : at + 3], start=1):
        piece = line.strip()
        if not piece or len(piece) > 300:
            return 0
        said += " " + piece
        if _WROTE_CHINESE.search(piece) or _WROTE_ENGLISH.search(piece):
            return height if _TELLS_WHEN.search(said) else 0
        if height == 1 and not _TELLS_WHEN.search(said) and not first.lower().startswith(("on ", "在")):
            return 0
    return 0


def _is_header_block(lines: list[str], at: int) -> bool:
    if not _HEADER_FROM.match(lines[at]):
        return False
    return any(_HEADER_OTHER.match(line) for line in lines[at + 1 : at + 1 + _HEADER_BLOCK_LINES])


def _without_signature(lines: list[str]) -> list[str]:
    kept = [line for line in lines if not _is_device(line.strip())]
    filled = [at for at, line in enumerate(kept) if line.strip()]
    for at in filled[1:]:  # a mail that is nothing but a farewell keeps it
        after = sum(1 for later in filled if later > at)
        if after < _FAREWELL_LINES and _FAREWELL.fullmatch(kept[at].strip()):
            return kept[:at]
    return kept


def _is_device(line: str) -> bool:
    return len(line) <= 80 and bool(_DEVICE.fullmatch(line)) and bool(_DEVICE_WORDS.search(line))
