"""Writes DXF files tag by tag, so that a test can say exactly what is in them, and what is wrong with them."""

from __future__ import annotations


def tags(*pairs: tuple[int, object]) -> str:
    """Write group codes and values, one a line."""
    return "".join(f"{code}\n{value}\n" for code, value in pairs)


def entity(kind: str, *pairs: tuple[int, object], layer: str = "0") -> str:
    """Write one object on a layer."""
    return tags((0, kind), (8, layer), *pairs)


def line(x0: object, y0: object, x1: object, y1: object, layer: str = "0", *more: tuple[int, object]) -> str:
    """Write a LINE."""
    return entity("LINE", *more, (10, x0), (20, y0), (11, x1), (21, y1), layer=layer)


def text(words: str, x: float, y: float, height: float, *more: tuple[int, object], layer: str = "0") -> str:
    """Write a TEXT."""
    return entity("TEXT", (10, x), (20, y), (40, height), (1, words), *more, layer=layer)


def insert(block: str, x: float = 0, y: float = 0, *more: tuple[int, object], layer: str = "0") -> str:
    """Write a reference to a block."""
    return entity("INSERT", (2, block), (10, x), (20, y), *more, layer=layer)


def block(name: str, *content: str) -> str:
    """Write a block definition."""
    head = tags((0, "BLOCK"), (8, "0"), (2, name), (70, 0), (10, 0), (20, 0), (3, name))
    return head + "".join(content) + tags((0, "ENDBLK"), (8, "0"))


def layer(name: str, colour: int = 7, flags: int = 0, linetype: str = "CONTINUOUS") -> str:
    """Write a layer's table entry; a negative colour is an off layer, flag 1 a frozen one."""
    return tags((0, "LAYER"), (2, name), (70, flags), (62, colour), (6, linetype))


def section(name: str, content: str) -> str:
    """Write a section."""
    return tags((0, "SECTION"), (2, name)) + content + tags((0, "ENDSEC"))


def drawing(
    *entities: str,
    blocks: str = "",
    layers: str = "",
    linetypes: str = "",
    version: str = "AC1009",
    header: str = "",
) -> str:
    """Write a whole DXF."""
    tables = ""
    if linetypes:
        tables += tags((0, "TABLE"), (2, "LTYPE"), (70, 9)) + linetypes + tags((0, "ENDTAB"))
    if layers:
        tables += tags((0, "TABLE"), (2, "LAYER"), (70, 9)) + layers + tags((0, "ENDTAB"))
    return (
        section("HEADER", tags((9, "$ACADVER"), (1, version)) + header)
        + (section("TABLES", tables) if tables else "")
        + (section("BLOCKS", blocks) if blocks else "")
        + section("ENTITIES", "".join(entities))
        + tags((0, "EOF"))
    )


def codepage(name: str) -> str:
    """Write the header's code page."""
    return tags((9, "$DWGCODEPAGE"), (3, name))
