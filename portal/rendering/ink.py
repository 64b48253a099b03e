"""Resolves what colour, weight, linetype and layer an entity has: ByLayer, ByBlock, index colours and true colours.

Index 7, black and white become "currentColor", so that a page can show the same drawing on light and on dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ezdxf.colors import DXF_DEFAULT_COLORS, int2rgb

from portal.rendering.dxf import Entity
from portal.rendering.shapes import Ink

if TYPE_CHECKING:
    from ezdxf.document import Drawing
    from ezdxf.entities.dxfgfx import DXFGraphic

FOREGROUND: Final = "currentColor"
BYBLOCK, BYLAYER = 0, 256
WEIGHT_BYLAYER, WEIGHT_BYBLOCK = -1, -2
STYLE_BYBLOCK: Final = 1
NAMED: Final = 0
"""$PSTYLEMODE of a drawing whose plot styles have names."""
DEFAULT_WEIGHT: Final = 0.25
FINEST_DASH: Final = 1e-9
SHARED: Final = frozenset({"0", "defpoints"})


class LayerLook(NamedTuple):
    """A layer as the file has it; `on` is False when it is off or frozen."""

    number: int
    name: str
    colour: str
    aci: int
    alpha: float
    weight: float
    dashes: tuple[float, ...]
    on: bool
    frozen: bool
    style: str = ""


class Setting(NamedTuple):
    """What a block reference hands down to its content: the layer for layer "0" and the look for ByBlock."""

    layer: int | None = None
    colour: str = FOREGROUND
    aci: int = 7
    alpha: float = 1.0
    weight: float = DEFAULT_WEIGHT
    dashes: tuple[float, ...] = ()
    forced: bool = False
    style: str = ""


TOP: Final = Setting()


class Palette:
    """The layers and linetypes of one document, and the ink of its entities."""

    def __init__(self, doc: Drawing, host: Palette | None = None, prefix: str = "") -> None:
        """`host` is the palette of the drawing that refers to this one by the block `prefix`.

        The layers are then the host's, under the names a CAD gives them there ("plan|WALL"); what the host says of one
        of these is what counts, and its scale of linetypes too.
        """
        self._host = host
        self._prefix = prefix
        self.layers: list[LayerLook] = host.layers if host else []
        self._numbers: dict[str, int] = {}
        self._patterns = {line.dxf.name.upper(): _pattern(line) for line in doc.linetypes}
        self._styles = _plot_styles(doc)
        self.linetype_scale: float = host.linetype_scale if host else _positive(doc.header.get("$LTSCALE", 1.0))
        for layer in doc.layers:
            name = str(layer.dxf.get("name", ""))
            try:
                self._add(name, layer)
            except Exception:  # noqa: BLE001 - the per-object guard: a broken layer looks like one without an entry
                self._add(name, None)

    def layer(self, name: str) -> LayerLook:
        """Give a layer by name; one that has no table entry is made as the CAD does: on, index 7, continuous."""
        number = self._numbers.get(name.lower())
        return self.layers[number] if number is not None else self._add(name, None)

    def of(self, entity: DXFGraphic, setting: Setting = TOP) -> Ink:
        """Give the ink of `entity` inside a block reference with `setting`."""
        dxf = entity.dxf
        layer = self._home(str(dxf.get("layer", "0")), setting)
        colour, aci = self._colour(dxf, layer, setting)
        alpha = _alpha(dxf.get("transparency"), layer.alpha, setting.alpha)
        weight = dxf.get("lineweight", WEIGHT_BYLAYER)
        if weight == WEIGHT_BYLAYER:
            thickness = layer.weight
        elif weight == WEIGHT_BYBLOCK:
            thickness = setting.weight
        else:
            thickness = _millimetres(weight)
        style = self._style(dxf, layer, setting) if self._styles else ""
        return Ink(layer.number, colour, aci, alpha, thickness, self._dashes(dxf, layer, setting), style)

    def setting(self, entity: DXFGraphic, outer: Setting) -> Setting:
        """Give what `entity`, a block reference, hands down.

        A frozen layer of the reference hides all of its content in a CAD, whatever layer that is on: so the content
        is put on that layer as a whole and comes back with it. An "off" layer hides only what lies on layer "0".
        """
        ink = self.of(entity, outer)
        forced = outer.forced or self.layers[ink.layer].frozen
        layer = outer.layer if outer.forced else ink.layer
        return Setting(layer, ink.colour, ink.aci, ink.alpha, ink.weight, ink.dashes, forced, ink.style)

    def _home(self, name: str, setting: Setting) -> LayerLook:
        if setting.layer is not None and (name == "0" or setting.forced):
            return self.layers[setting.layer]
        return self.layer(name)

    def _colour(self, dxf: Entity, layer: LayerLook, setting: Setting) -> tuple[str, int]:
        true = dxf.get("true_color")
        if true is not None:
            return true_colour(true), 0
        aci = dxf.get("color", BYLAYER)
        if aci == BYLAYER:
            return layer.colour, layer.aci
        if aci == BYBLOCK:
            return setting.colour, setting.aci
        return index_colour(aci), abs(aci)

    def _style(self, dxf: Entity, layer: LayerLook, setting: Setting) -> str:
        """The named plot style: the object's own, that of the reference, or the layer's."""
        handle = dxf.get("plotstyle_handle")
        if handle is not None:
            return self._styles.get(str(handle).upper(), "")
        return setting.style if dxf.get("plotstyle_enum") == STYLE_BYBLOCK else layer.style

    def _dashes(self, dxf: Entity, layer: LayerLook, setting: Setting) -> tuple[float, ...]:
        name = str(dxf.get("linetype", "BYLAYER")).upper()
        if name == "BYLAYER":
            pattern = layer.dashes
        elif name == "BYBLOCK":
            pattern = setting.dashes
        else:
            pattern = self._patterns.get(name, ())
        if not pattern:
            return ()
        scale = self.linetype_scale * _positive(dxf.get("ltscale", 1.0))
        if name == "BYBLOCK":
            scale = 1.0
        scaled = tuple(dash * scale for dash in pattern)
        return scaled if sum(scaled) > FINEST_DASH else ()

    def _add(self, name: str, layer: Entity) -> LayerLook:
        if self._host is not None:
            return self._add_to(self._host, name, layer)
        return self._keep(name, name, layer)

    def _add_to(self, host: Palette, name: str, layer: Entity) -> LayerLook:
        """A layer of a drawing that `host` refers to; layer 0 and the one of dimension points are everybody's."""
        whole = name if name.lower() in SHARED else f"{self._prefix}|{name}"
        number = host._numbers.get(whole.lower())
        if number is None:
            look = self._keep(name, whole, layer)
            host._numbers[whole.lower()] = look.number
            return look
        self._numbers[name.lower()] = number
        look = host.layers[number]
        if layer is not None and not look.dashes:
            # The host may know the linetype's name only.
            pattern = self._patterns.get(str(layer.dxf.get("linetype", "CONTINUOUS")).upper(), ())
            look = host.layers[number] = look._replace(dashes=pattern)
        return look

    def _keep(self, key: str, name: str, layer: Entity) -> LayerLook:
        number = len(self.layers)
        if layer is None:
            look = LayerLook(number, name, FOREGROUND, 7, 1.0, DEFAULT_WEIGHT, (), True, False)
        else:
            dxf = layer.dxf
            aci = abs(int(dxf.get("color", 7)))
            true = dxf.get("true_color")
            colour, aci = (true_colour(true), 0) if true is not None else (index_colour(aci), aci)
            on, frozen = bool(layer.is_on()), bool(layer.is_frozen())
            pattern = self._patterns.get(str(dxf.get("linetype", "CONTINUOUS")).upper(), ())
            alpha = 1.0 - min(max(float(layer.transparency), 0.0), 1.0)
            weight = _millimetres(dxf.get("lineweight", -3))
            style = self._styles.get(str(dxf.get("plotstyle_handle", "")).upper(), "")
            look = LayerLook(number, name, colour, aci, alpha, weight, pattern, on and not frozen, frozen, style)
        self.layers.append(look)
        self._numbers[key.lower()] = number
        return look


def index_colour(aci: int) -> str:
    """Give the colour of an AutoCAD colour index; out of range, 7 and white or black follow the page."""
    aci = abs(int(aci))
    if not 1 <= aci <= 255 or aci == 7:  # noqa: PLR2004 - the index range and the foreground colour of the format
        return FOREGROUND
    return _hex(*int2rgb(DXF_DEFAULT_COLORS[aci]))


def true_colour(value: int) -> str:
    """Give the colour of a 24-bit true colour value; higher bits are ignored."""
    return _hex(*int2rgb(int(value) & 0xFFFFFF))


def _hex(red: int, green: int, blue: int) -> str:
    colour = f"#{red:02x}{green:02x}{blue:02x}"
    return FOREGROUND if colour in {"#000000", "#ffffff"} else colour


def _alpha(raw: int | None, by_layer: float, by_block: float) -> float:
    if raw is None:
        return by_layer
    if raw == 0x01000000:  # noqa: PLR2004 - the format's value for ByBlock
        return by_block
    return (int(raw) & 0xFF) / 255


def _millimetres(hundredths: float) -> float:
    return min(float(hundredths), 211.0) / 100 if hundredths >= 0 else DEFAULT_WEIGHT


def _positive(value: Entity) -> float:
    number = float(value)
    return number if 0 < number < 1e12 else 1.0  # noqa: PLR2004 - beyond any drawing's scale


def _plot_styles(doc: Drawing) -> dict[str, str]:
    """The named plot styles of a drawing by their handles; none where plot styles go by colour, as in nearly all drawings."""
    try:
        if int(doc.header.get("$PSTYLEMODE", 1)) != NAMED:
            return {}
        names: Entity = doc.rootdict["ACAD_PLOTSTYLENAME"]
        # An entry whose object is missing is a bare handle.
        return {
            str(entry.dxf.handle if hasattr(entry, "dxf") else entry).upper(): str(name)
            for name, entry in names.items()
        }
    except Exception:  # noqa: BLE001 - the per-object guard: a broken record means no named styles
        return {}


def _pattern(linetype: Entity) -> tuple[float, ...]:
    try:
        dashes = [abs(float(dash)) for dash in linetype.simplified_line_pattern()]
    except Exception:  # noqa: BLE001 - the per-object guard: a broken linetype is a continuous one
        return ()
    if len(dashes) % 2:
        dashes = dashes[:-1]
    return tuple(dashes) if len(dashes) > 1 and 0 < sum(dashes) < 1e12 else ()  # noqa: PLR2004
