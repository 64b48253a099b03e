"""Turns a DWG into a DXF with the WebAssembly module of dwgdxf, run by wasmtime: it has no file, no network and no clock.

What the module needs from outside are two functions: one that fills its table of references, one that takes a text as a
reference (its error message). docs/decisions/009-dwg.md says why this route.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

import wasmtime
from wasmtime import Config, Engine, Func, FuncType, Instance, Module, Store, Table, ValType

from portal.rendering.dwg_module import SHA256, SOURCE, Unusable

OUTSIDE: Final = "./dwgdxf_bg.js"


class Unreadable(Exception):  # noqa: N818 - reads as what happened
    """The module could not read the file; the text is its own message, in English."""


def converted(data: bytes, compiled: Path | None, *, seconds: float, memory: int) -> bytes:
    """Give the DXF (UTF-8) of a DWG.

    `compiled` is what `compile_to` wrote, else the module is compiled here (0.5 to 2 s, 170 MB). Raises Unreadable for a
    file it does not understand or that breaks it, MemoryError beyond `memory` bytes, TimeoutError after `seconds`,
    Unusable for machine code that is damaged or of another machine.
    """
    engine = _engine()
    module = _loaded(engine, compiled) if compiled else Module(engine, _checked())
    store = Store(engine)
    store.set_limits(memory_size=memory)
    store.set_epoch_deadline(1)
    over = threading.Event()

    def end() -> None:
        over.set()
        engine.increment_epoch()

    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
    call = None
    try:
        call = _Call(store, module)
        return call.convert(data)
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:  # the module gave up in the middle
        if over.is_set():
            raise TimeoutError from error
        # Out of memory and out of its depth it gives up alike. It asks for twice as much when it grows.
        if max(len(data), call.size if call else 0) > memory // 2:
            raise MemoryError from error
        raise Unreadable(str(error).splitlines()[0]) from error
    finally:
        clock.cancel()


def compile_to(target: Path) -> None:
    """Write the module's machine code to `target`, whole or not at all: code that is run must be the owner's alone."""
    code = Module(_engine(), _checked()).serialize()
    descriptor, part = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)  # of mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(code)
        Path(part).replace(target)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def _loaded(engine: Engine, compiled: Path) -> Module:
    try:
        return Module.deserialize_file(engine, str(compiled))
    except wasmtime.WasmtimeError as error:
        raise Unusable(str(error)) from error


def _engine() -> Engine:
    config = Config()
    config.epoch_interruption = True
    return Engine(config)


def _checked() -> bytes:
    code = SOURCE.read_bytes()
    if hashlib.sha256(code).hexdigest() != SHA256:
        raise Unreadable(f"{SOURCE.name} is not the file that was shipped")
    return code


class _Call:
    """One instance of the module, used once."""

    def __init__(self, store: Store, module: Module) -> None:
        self._store = store
        text = FuncType([ValType.i32(), ValType.i32()], [ValType.externref()])
        outside = {
            "__wbindgen_init_externref_table": Func(store, FuncType([], []), self._fill),
            "__wbindgen_cast_0000000000000001": Func(store, text, self._text),
        }
        wanted = [outside[str(one.name)] for one in module.imports]
        self._exports: Any = Instance(store, module, wanted).exports(store)
        self._call("__wbindgen_start")

    @property
    def size(self) -> int:
        """How much memory the instance has, in bytes."""
        length: int = self._exports["memory"].data_len(self._store)
        return length

    def convert(self, data: bytes) -> bytes:
        store, exports = self._store, self._exports
        at = self._call("__wbindgen_malloc", len(data), 1)
        exports["memory"].write(store, data, at)
        start, length, problem, failed = self._call("convertDwgToDxf", at, len(data))
        if failed:
            raise Unreadable(str(self._table().get(store, problem)))
        return bytes(exports["memory"].read(store, start, start + length))

    def _call(self, name: str, *numbers: int) -> Any:  # noqa: ANN401 - what the module's function gives
        function: Any = self._exports[name]
        return function(self._store, *numbers)

    def _table(self) -> Table:
        table: Table = self._exports["__wbindgen_externrefs"]
        return table

    def _fill(self) -> None:
        """Undefined, null, true and false, where the module looks for them."""
        table = self._table()
        base = table.grow(self._store, 4, None)
        table.set(self._store, 0, None)
        for place, value in enumerate((None, None, True, False)):
            table.set(self._store, base + place, value)

    def _text(self, start: int, length: int) -> str:
        return bytes(self._exports["memory"].read(self._store, start, start + length)).decode("utf-8", "replace")
