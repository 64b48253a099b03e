"""Lays out MTEXT: wraps it to its width, keeps its inline looks, and gives one line of selectable text per line."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ezdxf.math import Vec3
from ezdxf.tools.text import MTextContext, MTextParser, TokenType

from portal.rendering import curves, ink, letters, signs
from portal.rendering.batches import Shape
from portal.rendering.dxf import Entity
from portal.rendering.lines_of_text import slanted
from portal.rendering.shapes import Ink, Matrix, Path, Span, Step, Words, chained
from portal.rendering.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

SPACING: Final = 5 / 3
"""Baseline to baseline in cap heights at line spacing factor 1 (the format's "3-on-5")."""
LEFT, RIGHT, CENTRE = 1, 2, 3
BRACES: Final = 10
"""How many braces a text may have for each letter it may have: they only group, but each costs the parser a copy."""
SQUEEZE: Final = 1.12
"""A line may come out this much wider than its box before it is wrapped, and is then set tighter: the drawing's own font
is often narrower than the browser's, and a wrong break changes more than tight letters do."""
TAB: Final = 4.0
BORDER: Final = 0.5


@dataclass(slots=True)
class Piece:
    """A run without a place to break."""

    span: Span
    wide: float
    stack: Stack | None = None
    tab: bool = False


@dataclass(slots=True)
class Line:
    """One laid-out line: its pieces, the height of its tallest letter, its alignment and indents (drawing units).

    `above` is how much higher than its letters a fraction reaches.
    """

    align: int
    height: float
    indent: float = 0.0
    right: float = 0.0
    pieces: list[Piece] = field(default_factory=list)
    wide: float = 0.0
    above: float = 0.0
    last: bool = False
    column_ends: bool = False

    @property
    def need(self) -> float:
        """The height it takes above its base line."""
        return self.height + self.above


def multi_line(entity: Entity, pen: Ink, style: Entity, most: int) -> list[Shape]:
    """Give the lines of an MTEXT and, when it has one, the background that hides what is behind it.

    Raises curves.Unfit for more than `most` letters.
    """
    braces = entity.text.count("{") + entity.text.count("}")
    if len(entity.text) - braces > most or braces > BRACES * most:
        raise curves.Unfit("text too long")
    height = float(entity.dxf.char_height)
    if not height > 0:
        raise curves.Unfit("text without height")
    columns = getattr(entity, "columns", None)
    frame = _frame(entity, style)
    if columns is None or columns.count < 1:
        width = float(entity.dxf.get("width", 0.0))
        return _set(_lines(entity, entity.text, style, width), entity, pen, width, frame)
    step = columns.width + columns.gutter_width
    linked = [column for column in columns.linked_columns if column is not None]
    if linked:
        texts = [entity.text, *(column.text for column in linked)]
        blocks = [
            _set(
                _lines(entity, text, style, columns.width),
                entity,
                pen,
                columns.width,
                chained((1, 0, 0, 1, number * step, 0), frame),
            )
            for number, text in enumerate(texts)
        ]
        return [shape for block in blocks for shape in block]
    heights = list(columns.heights) or [columns.defined_height] * max(1, columns.count)
    lines = _lines(entity, entity.text, style, columns.width)
    result: list[Shape] = []
    for number, part in enumerate(_columns(lines, heights, _factor(entity))):
        place = chained((1, 0, 0, 1, number * step, 0), frame)
        result += _set(part, entity, pen, columns.width, place)
    return result


def _frame(entity: Entity, style: Entity) -> Matrix:
    dxf = entity.dxf
    up = Vec3(dxf.get("extrusion", (0, 0, 1)))
    up = up.normalize() if up.magnitude > 0 else Vec3(0, 0, 1)
    if dxf.hasattr("text_direction"):
        along = Vec3(dxf.text_direction)
        along = along.normalize() if along.magnitude > 0 else Vec3(1, 0, 0)
    else:
        along = Vec3.from_deg_angle(float(dxf.get("rotation", 0.0)))
        along = entity.ocs().to_wcs(along) if entity.ocs().transform else along
    across = up.cross(along)
    insert = Vec3(dxf.insert)
    frame: Matrix = (along.x, along.y, across.x, across.y, insert.x, insert.y)
    slant = float(style.dxf.oblique) if style else 0.0
    return chained(slanted(slant), frame) if slant else frame


def _lines(entity: Entity, text: str, style: Entity, width: float) -> list[Line]:
    context = MTextContext()
    context.cap_height = float(entity.dxf.char_height)
    context.width_factor = float(style.dxf.width) if style and style.dxf.width > 0 else 1.0
    context.aci = ink.BYLAYER
    if style and signs.are_in(style.dxf.font):
        context.font_face = context.font_face._replace(family=style.dxf.font)
    lines: list[Line] = []
    line: Line | None = None
    for token in MTextParser(letters.unescaped(text), context):
        line = line or _started(token.ctx, first=True)
        if token.type in {TokenType.NEW_PARAGRAPH, TokenType.NEW_COLUMN}:
            line.last = True
            line.height = line.height or token.ctx.cap_height
            line.column_ends = token.type == TokenType.NEW_COLUMN
            lines.append(line)
            line = None
        elif token.type in {TokenType.SPACE, TokenType.NBSP}:
            _space(line, token.ctx)
        elif token.type in {TokenType.WORD, TokenType.STACK, TokenType.TABULATOR}:
            for piece in _pieces(token, token.ctx, width - line.indent - line.right if width > 0 else 0.0):
                room = (width - line.indent - line.right) * SQUEEZE
                if width > 0 and line.pieces and line.wide + piece.wide > room:
                    lines.append(line)
                    line = _started(token.ctx, first=False)
                line.pieces.append(piece)
                line.wide += piece.wide
                line.height = max(line.height, token.ctx.cap_height)
    if line is not None:
        line.last = True
        line.height = line.height or context.cap_height
        lines.append(line)
    for line in lines:
        stacks = [piece.stack for piece in line.pieces if piece.stack]
        line.above = max((stack.low(line.height) + stack.total - line.height for stack in stacks), default=0.0)
        line.above = max(0.0, line.above)
    return lines


def _started(context: Entity, *, first: bool) -> Line:
    paragraph = context.paragraph
    base = context.cap_height
    indent = paragraph.left + (paragraph.indent if first else 0.0)
    align = {1: LEFT, 2: RIGHT, 3: CENTRE, 4: LEFT, 5: LEFT}.get(int(paragraph.align), 0)
    return Line(align, 0.0, max(0.0, indent * base), max(0.0, paragraph.right * base))


def _space(line: Line, context: Entity) -> None:
    span = _span(" ", context)
    wide = letters.width(" ", context.cap_height) * context.width_factor
    line.pieces.append(Piece(span, wide))
    line.wide += wide
    line.height = max(line.height, context.cap_height)


def _pieces(token: Entity, context: Entity, room: float) -> Iterator[Piece]:
    height = context.cap_height
    if token.type == TokenType.TABULATOR:
        yield Piece(_span("", context), 0.0, tab=True)
        return
    if token.type == TokenType.STACK:
        upper, lower, mark = (letters.clean(str(part)) for part in token.data)
        upper_wide, lower_wide = (letters.width(part, height) * context.width_factor for part in (upper, lower))
        stack = Stack(upper, lower, mark, height, (upper_wide, lower_wide), int(context.align))
        yield Piece(_span("", context), stack.wide, stack)
        return
    word = signs.shown(letters.clean(_percent(token.data)), context.font_face.family)
    for text in _breakable(word, height * context.width_factor, room):
        yield Piece(_span(text, context), letters.width(text, height) * context.width_factor)


def _percent(word: str) -> str:
    return "".join(span.text for span in letters.spans(word)) if "%%" in word else word


def _breakable(word: str, height: float, room: float) -> list[str]:
    """Split a word longer than its line between Hangul or Han letters, as a CAD does; other words stay whole."""
    if room <= 0 or letters.width(word, height) <= room or word.isascii():
        return [word]
    parts: list[str] = []
    run = ""
    for letter in word:
        if run and letters.width(run + letter, height) > room:
            parts.append(run)
            run = ""
        run += letter
    return [*parts, run] if run else parts


def _span(text: str, context: Entity) -> Span:
    marks = "".join(
        mark
        for mark, set_ in (("u", context.underline), ("o", context.overline), ("k", context.strike_through))
        if set_
    )
    colour = ""
    if context.rgb is not None:
        red, green, blue = (int(part) & 255 for part in context.rgb)
        colour = ink.true_colour(red << 16 | green << 8 | blue)
    elif context.aci not in {ink.BYLAYER, ink.BYBLOCK}:
        colour = ink.index_colour(context.aci)
    face = context.font_face
    return Span(text, context.cap_height, 0.0, face.is_bold, face.is_italic, marks, colour, context.width_factor)


def _columns(lines: list[Line], heights: list[float], factor: float) -> list[list[Line]]:
    """Break lines into columns by their heights; the last column takes what is left."""
    parts: list[list[Line]] = [[]]
    used = 0.0
    for line in lines:
        need = line.need if not parts[-1] else line.need * SPACING * factor
        limit = heights[len(parts) - 1] if len(parts) <= len(heights) else math.inf
        if parts[-1] and limit > 0 and used + need > limit * 1.001 and len(parts) < len(heights):
            parts.append([])
            used, need = 0.0, line.need
        parts[-1].append(line)
        used += need
        if line.column_ends:
            parts.append([])
            used = 0.0
    return parts


def _factor(entity: Entity) -> float:
    return min(max(float(entity.dxf.get("line_spacing_factor", 1.0)), 0.25), 4.0)


def _set(lines: list[Line], entity: Entity, pen: Ink, width: float, frame: Matrix) -> list[Shape]:
    """Place lines in the box of the text; its attachment point is the origin of `frame`."""
    while lines and not any(piece.span.text.strip() or piece.stack for piece in lines[-1].pieces):
        lines.pop()
    if not lines:
        return []
    factor = _factor(entity)
    for line in lines:
        while line.pieces and line.pieces[-1].span.text == " ":
            line.wide -= line.pieces.pop().wide
    attachment = min(max(int(entity.dxf.get("attachment_point", 1)), 1), 9)
    column, row = (attachment - 1) % 3, (attachment - 1) // 3
    box = width if width > 0 else max(line.wide + line.indent + line.right for line in lines)
    left = (0.0, -box / 2, -box)[column]
    total = lines[0].need + sum(line.need * SPACING * factor for line in lines[1:])
    top = (0.0, total / 2, total)[row]
    shapes = _background(entity, pen, (left, top - total, left + box, top), frame)
    baseline = top
    for number, line in enumerate(lines):
        baseline -= line.need if number == 0 else line.need * SPACING * factor
        align = line.align or (LEFT, CENTRE, RIGHT)[column]
        edges = (left + line.indent, left + box - line.right)
        shapes += _set_line(line, pen, align, edges, baseline, frame, fixed=width > 0)
    return shapes


def _set_line(  # noqa: PLR0913 - a line, its look and its place
    line: Line, pen: Ink, align: int, edges: tuple[float, float], baseline: float, frame: Matrix, *, fixed: bool
) -> list[Shape]:
    low, high = edges
    place = {LEFT: low, CENTRE: (low + high) / 2, RIGHT: high}[align]
    if not any(piece.stack or piece.tab for piece in line.pieces):
        anchor = {LEFT: "start", CENTRE: "middle", RIGHT: "end"}[align]
        words = _words(line.pieces, pen, anchor, place, baseline, frame)
        # A word that is wider than the box for itself stands out of it, as in a CAD.
        if words and fixed and high - low < line.wide <= (high - low) * SQUEEZE:
            words.length = words.width * (high - low) / line.wide
        return [words] if words else []
    # A stacked fraction or a tab needs its own place: the runs between are set one by one by estimated widths.
    at = {LEFT: low, CENTRE: place - line.wide / 2, RIGHT: high - line.wide}[align]
    shapes: list[Shape] = []
    run: list[Piece] = []
    for piece in [*line.pieces, None]:
        if piece is not None and not piece.stack and not piece.tab:
            run.append(piece)
            continue
        words = _words(run, pen, "start", at, baseline, frame)
        if words:
            shapes.append(words)
        at += sum(part.wide for part in run)
        run = []
        if piece is not None and piece.tab:
            stop = TAB * line.height
            at = low + (math.floor((at - low) / stop + 1e-6) + 1) * stop
        elif piece is not None and piece.stack:
            shapes += _stacked(piece, pen, at, baseline + piece.stack.low(line.height), frame)
            at += piece.wide
    return shapes


def _stacked(piece: Piece, pen: Ink, at: float, low: float, frame: Matrix) -> list[Shape]:
    """Set a fraction with its foot at `low`."""
    stack = piece.stack
    if stack is None:
        return []
    left, right = stack.widths
    slanted_ = stack.mark == "#"
    middle = at + stack.wide / 2
    places = (
        (stack.upper, at + left / 2 if slanted_ else middle, low + stack.total - stack.height, left),
        (stack.lower, at + stack.wide - right / 2 if slanted_ else middle, low, right),
    )
    shapes: list[Shape] = []
    for text, x, y, wide in places:
        words = _words([Piece(piece.span._replace(text=text), wide)], pen, "middle", x, y, frame)
        shapes += [words] if words else []
    bar: list[Step] = []
    if slanted_:
        reach = min(stack.wide, stack.total) / 2
        x, y = at + left, low + stack.height
        bar = [("M", x - reach, y - reach), ("L", x + reach, y + reach)]
    elif stack.mark == "/":
        level = low + stack.total / 2
        bar = [("M", at, level), ("L", at + stack.wide, level)]
    return [*shapes, Path(pen._replace(dashes=()), bar).moved(frame, None)] if bar else shapes


def _words(  # noqa: PLR0913 - a run, its look and its place
    pieces: list[Piece], pen: Ink, anchor: str, x: float, y: float, frame: Matrix
) -> Words | None:
    if not any(piece.span.text.strip() for piece in pieces):
        return None
    height = max(piece.span.size for piece in pieces)
    stretch = pieces[0].span.stretch
    merged: list[Span] = []
    for piece in pieces:
        span = piece.span._replace(size=piece.span.size / height, stretch=piece.span.stretch / stretch)
        if merged and merged[-1]._replace(text="") == span._replace(text=""):
            merged[-1] = span._replace(text=merged[-1].text + span.text)
        else:
            merged.append(span)
    wide = sum(piece.wide for piece in pieces) / stretch
    place: Matrix = (stretch, 0.0, 0.0, 1.0, x, y)
    return Words(pen, chained(place, frame), height, tuple(merged), anchor, 0.0, wide)


def _background(entity: Entity, pen: Ink, box: tuple[float, float, float, float], frame: Matrix) -> list[Shape]:
    dxf = entity.dxf
    fill = int(dxf.get("bg_fill", 0))
    if not fill & 0b10011:
        return []
    border = (float(dxf.get("box_fill_scale", 1.5)) - 1.0 or BORDER) * float(dxf.char_height)
    x0, y0, x1, y1 = box[0] - border, box[1] - border, box[2] + border, box[3] + border
    steps = curves.polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    shapes: list[Shape] = []
    if fill & 3 == 1:
        true = dxf.get("bg_fill_true_color")
        colour = ink.true_colour(true) if true is not None else ink.index_colour(int(dxf.get("bg_fill_color", 7)))
        shapes.append(Path(pen._replace(colour=colour, aci=0), steps, "area"))
    elif fill & 3:
        shapes.append(Path(pen._replace(colour="paper", aci=0), steps, "mask"))
    if fill & 16:
        shapes.append(Path(pen._replace(dashes=()), steps))
    return [shape.moved(frame, None) for shape in shapes]
