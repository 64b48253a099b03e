"""What hundreds of apps in one process need not do anew: compile the same templates, and work out the same addresses.

A portal does both once, when it starts; a run of the tests did them for every test, a fifth of its time. And what thousands
of collected tests have loaded is not looked through for garbage again and again, a twentieth of it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule


class Compiled(BytecodeCache):
    """Compiled templates by name and content, for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._kept.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def _once(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """The function that builds a rule's address asks its rule for converters when called, so alike rules may share it."""
    kept: dict[object, Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:  # noqa: ANN401, FBT002 - as werkzeug has it
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = (tuple(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    return compiled


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}
Rule._compile_builder = _once(Rule._compile_builder)  # type: ignore[method-assign]


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
