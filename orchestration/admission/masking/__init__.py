"""Masking of personal identifiers in free text: docs/interfaces.md §5, docs/deidentification.md.

`mask_text` is all the other rooms need. `fold.py` makes spellings plain, `checks.py` knows the
checksums, `detect.py` finds. Normal forms and pseudonyms of what is found: `../pseudonym.py`.
"""

from __future__ import annotations

from orchestration.admission.masking.detect import MASKER_VERSION, TOKENS, Found, MaskResult, mask_text

__all__ = ["MASKER_VERSION", "TOKENS", "Found", "MaskResult", "mask_text"]
