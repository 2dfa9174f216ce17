"""QR codes in pages."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """As SVG in the page: black on white in dark mode too, as cameras expect it, and without a style attribute."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=False, scale=1, border=4, dark="#000", light="#fff", omitsize=True,
        svgclass="qr__code", lineclass=None,
    )  # fmt: skip
    return Markup(out.getvalue().decode())  # noqa: S704 - made here, of squares alone
