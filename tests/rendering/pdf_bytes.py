"""Writes PDFs object by object, for those that no decent program writes."""

from __future__ import annotations

import zlib

CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"


def document(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(out))
    )


def stream(content: bytes, about: bytes = b"/Filter/FlateDecode") -> bytes:
    """A stream whose content is packed already as `about` says."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), about, content)


def page(content: bytes, box: bytes = b"0 0 595 842", more: bytes = b"") -> bytes:
    """A PDF of one page with this content stream."""
    return document(
        CATALOGUE,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R%s>>" % (box, more),
        content,
    )


def lines(*moves: bytes) -> bytes:
    """A packed content stream of these operators."""
    return stream(zlib.compress(b"\n".join(moves)))


def form_bomb(levels: int = 10, each: int = 10) -> bytes:
    """Forms in forms: `each` to the power of `levels` lines from a few kilobytes."""
    objects = [
        CATALOGUE,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        stream(b"/F Do\n" * each, b""),
    ]
    for level in range(levels):
        last = level == levels - 1
        form = b"/Type/XObject/Subtype/Form/BBox[0 0 200 200]"
        inner = b"" if last else b"/Resources<</XObject<</F %d 0 R>>>>" % (6 + level)
        objects.append(stream(b"0 0 m 9 9 l S\n" if last else b"/F Do\n" * each, form + inner))
    return document(*objects)
