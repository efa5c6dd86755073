"""A workbook with one sheet, byte for byte the same for the same cells.

Written as the handful of parts an XLSX needs: libraries stamp the clock into ``docProps`` and the
archive. Strings stand inline, moments as serial numbers with a date style, as exports from a dealer
system do. Reading one back is not done here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no zones
_STAMP = (2020, 1, 1, 0, 0, 0)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>\
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>\
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>\
<Relationship Id="rId2" Type="{_REL}/styles" Target="styles.xml"/></Relationships>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}">\
<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>\
<fonts count="1"><font/></fonts>\
<fills count="1"><fill><patternFill patternType="none"/></fill></fills>\
<borders count="1"><border/></borders>\
<cellStyleXfs count="1"><xf/></cellStyleXfs>\
<cellXfs count="2"><xf/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}


class Moment(str):
    """A cell that holds a moment (``YYYY-MM-DD HH:MM:SS``) rather than text."""

    __slots__ = ()


def row_xml(cells: Sequence[str]) -> bytes:
    """One ``<row>`` element; empty cells are written without a value so that columns keep their place."""
    return ("<row>" + "".join(map(_cell, cells)) + "</row>").encode()


def _cell(value: str) -> str:
    if not value:
        return "<c/>"
    if isinstance(value, Moment):
        return f'<c s="1"><v>{serial(value)}</v></c>'
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def serial(moment: str) -> str:
    """Days since 1899-12-30 with enough digits for a second."""
    gap = datetime.fromisoformat(moment) - _EPOCH
    return f"{gap.days + gap.seconds / 86_400:.10f}"


def sheet_bytes(name: str, header: Sequence[str], rows: bytes) -> bytes:
    """Return the workbook around rows made by ``row_xml``."""
    body = f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode() + row_xml(header) + rows
    parts = {
        **{part: (_HEAD + text).encode() for part, text in _PARTS.items()},
        "xl/workbook.xml": (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
            f'<sheet name="{escape(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/worksheets/sheet1.xml": _HEAD.encode() + body + b"</sheetData></worksheet>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, payload in parts.items():
            archive.writestr(zipfile.ZipInfo(part, _STAMP), payload, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
