"""Sheets as the renderer writes them, made without it: an apartment plan, and a sheet of any number of short polylines."""

from __future__ import annotations

import random

LAYERS = ["A-벽체", "A-창호", "A-치수", "A-가구", "A-문자", "S-기둥", "M-설비"]


def _root(width: int, height: int, scale: float, origin: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="모형"'
        f' data-scale="{scale}" data-origin="{origin}" data-units="mm" fill="none" stroke="currentColor"'
        f' stroke-linecap="round" stroke-linejoin="round" font-family="Pretendard, sans-serif">{body}</svg>'
    )


def _lines(layer: int, data: str, *, colour: str = "", css: str = "", weight: float = 1) -> str:
    stroke = f' stroke="{colour}"' if colour else ""
    name = f' class="{css}"' if css else ""
    return (
        f'<g class="l l-{layer}" data-layer="{layer}"><path{name}{stroke} stroke-width="{weight}"'
        f' vector-effect="non-scaling-stroke" d="{data}"/></g>'
    )


def _words(layer: int, rows: list[tuple[int, int, int, str]]) -> str:
    texts = "".join(
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle">{text}</text>' for x, y, size, text in rows
    )
    return f'<g class="l l-{layer}" data-layer="{layer}" stroke="none" fill="currentColor">{texts}</g>'


def plan() -> str:
    """An apartment of 24 x 16.8 m: walls, openings, dimensions, furniture, names, columns, pipes."""
    walls = "M400 500H3600V2600H400ZM450 550H1550V1250H450ZM1610 550H2500V1250H1610ZM2560 550H3550V1550H2560ZM450 1310H1550V2550H450ZM1610 1310H2500V2550H1610ZM2560 1610H3550V2550H2560Z"
    openings = "M1000 1250V970A280 280 0 0 1 1280 1250M2000 1250V950A300 300 0 0 1 2300 1250M2560 1350H2260A300 300 0 0 1 2560 1050M1300 2550V2610M1800 2550V2610M700 500V550M1250 500V550M2800 500V550M3300 500V550M700 525H1250M2800 525H3300M1300 2580H1800"
    sizes = "M400 380H3600M400 300V440M1580 300V440M2530 300V440M3600 300V440M260 500V2600M190 500H340M190 1280H340M190 2600H340"
    goods = "M520 620H900V1060H520ZM520 620H900V740H520ZM1700 620H2300V760H1700ZM2700 700H3400V1300H2700ZM2820 820H3280V1180H2820ZM600 1900H1200V2400H600ZM700 2000H1100V2300H700ZM1760 1500A160 160 0 1 0 2080 1500A160 160 0 1 0 1760 1500M2800 1900H3400V2420H2800ZM3100 1900V2420"
    columns = "".join(
        f"M{x - 50} {y - 50}h100v100h-100zM{x - 50} {y - 50}l100 100M{x + 50} {y - 50}l-100 100"
        for x in (425, 1580, 2530, 3575)
        for y in (525, 1280, 2575)
    )
    pipes = "M2620 620C2700 620 2640 1440 3480 1440M2620 1680C2740 1680 2700 2480 3480 2480"
    body = (
        _lines(0, walls, weight=2) + _lines(1, openings, colour="#00ffff", css="k-4")
        + _lines(2, sizes, colour="#00ff00", css="k-3", weight=0.75) + _lines(3, goods, colour="#c0c0c0", css="k-9")
        + _lines(5, columns, colour="#ff0000", css="k-1") + _lines(6, pipes, colour="#0000ff", css="k-5", weight=1.5)
        + _words(2, [(990, 360, 60, "7,200"), (2055, 360, 60, "5,700"), (3065, 360, 60, "6,420")])
        + _words(4, [(1000, 860, 84, "침실 1"), (2050, 1020, 84, "주방"), (3050, 1420, 84, "거실"), (1000, 1700, 84, "침실 2"), (2050, 1960, 84, "욕실"), (3100, 1780, 84, "현관")])
    )  # fmt: skip
    return _root(4000, 2800, 1 / 6, "0.0 16800.0", body)


def many(count: int, *, across: int = 12, seed: int = 7) -> str:
    """`count` polylines of 2 to 5 segments on 20 layers, merged per layer and tile as the renderer does it."""
    chance = random.Random(seed)
    tiles: dict[tuple[int, int], list[str]] = {}
    for number in range(count):
        x, y = chance.randrange(4000), chance.randrange(2800)
        steps = "".join(
            f"l{chance.randrange(-40, 40)} {chance.randrange(-40, 40)}" for _ in range(chance.randrange(2, 6))
        )
        tile = (y * across // 2800) * across + x * across // 4000
        tiles.setdefault((number % 20, tile), []).append(f"M{x} {y}{steps}")
    body = "".join(_lines(layer, "".join(pieces)) for (layer, _tile), pieces in sorted(tiles.items()))
    return _root(4000, 2800, 1 / 6, "0.0 16800.0", body)
