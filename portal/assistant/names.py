"""What tables and columns are called in code: Hangul in Latin letters, no word of the languages, no name twice.

The same schema gives the same names; a number behind a name says that another came first.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from dataclasses import dataclass, field

from portal.assistant.schema import Column, ForeignKey, Kind, Schema, Table, Type

_LEAD = ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h")
_VOWEL = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i",
)  # fmt: skip
_TAIL = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k",
    "t", "p", "t",
)  # fmt: skip
_HANGUL, _LAST_HANGUL = 0xAC00, 0xD7A3
#: What a column may not be called in Python: words of the language, of the mapper, and what the generated classes lean on.
PYTHON_TAKEN = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *(name for name in dir(builtins) if name.islower() and name in
     {"int", "str", "bool", "bytes", "float", "list", "classmethod", "property", "object"}),
     "metadata", "registry", "sa", "orm", "dt", "enums", "mysql", "postgresql", "self", "cls", "limit", "offset"}
)  # fmt: skip
#: The same for Java; the last lines are words of OGNL, in which MyBatis reads conditions.
JAVA_TAKEN = frozenset(
    "abstract assert boolean break byte case catch char class const continue default do double else enum "  # noqa: SIM905 - words read better as words
    "extends final finally float for goto if implements import instanceof int interface long native new package "
    "private protected public return short static strictfp super switch synchronized this throw throws "
    "transient try void volatile while true false null record var yield sealed permits limit offset and or not "
    "in eq neq lt gt lte gte band bor xor shl shr ushr".split()
)
#: Names of classes that every file of either language sees, or that the generated files use.
CLASSES_TAKEN = frozenset(
    "Base Any Decimal UUID Sequence Object String Integer Long Short Byte Boolean Character Double Float Number "  # noqa: SIM905 - words read better as words
    "Math Class Record Enum Iterable Comparable Runnable Thread Process Module Package System Override "
    "Deprecated Void Error Exception List Map Set Optional BigDecimal BigInteger LocalDate LocalTime "
    "LocalDateTime OffsetDateTime Param Mapper Compiler Runtime Throwable Readable Cloneable StringBuilder "
    "StrictMath ThreadLocal ThreadGroup ProcessBuilder SuppressWarnings SafeVarargs FunctionalInterface "
    "CharSequence Appendable AutoCloseable ClassLoader ClassValue StackWalker None True False Arrays".split()
)


def romanised(text: str) -> str:
    """Hangul by the Revised Romanization, syllable by syllable; accents dropped; other letters by their code."""
    spelled = []
    for letter in unicodedata.normalize("NFC", text):
        code = ord(letter)
        if _HANGUL <= code <= _LAST_HANGUL:
            lead, rest = divmod(code - _HANGUL, 21 * 28)
            spelled.append(_LEAD[lead] + _VOWEL[rest // 28] + _TAIL[rest % 28])
        elif letter.isascii():
            spelled.append(letter)
        else:
            plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
            spelled.append(plain or (f"u{code:x}" if letter.isalnum() else "_"))
    return "".join(spelled)


def words(text: str) -> list[str]:
    """The words of a name, lower case: `FilmActor`, `film_actor` and `film-actor` are the same two."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", romanised(text))
    joined: list[str] = []
    for part in parts:
        if joined and part.isdigit():
            joined[-1] += part  # address2 is one word
        else:
            joined.append(part.lower())
    if joined and joined[0][0].isdigit():
        joined[0] = f"n{joined[0]}"
    return joined or ["unnamed"]


def snake(text: str) -> str:
    return "_".join(words(text))


def camel(text: str) -> str:
    first, *rest = words(text)
    return first + "".join(word.capitalize() for word in rest)


def pascal(text: str) -> str:
    return "".join(word.capitalize() for word in words(text))


def free(wish: str, taken: set[str], *, among: frozenset[str] = frozenset(), mark: str = "_") -> str:
    """`wish`, with `mark` behind it when the language has that word, and a number when another has it."""
    name = wish + mark if wish in among else wish
    number = 2
    while name.lower() in taken:
        name = f"{wish}{mark if mark == '_' else ''}{number}"
        number += 1
    taken.add(name.lower())
    return name


@dataclass(frozen=True, slots=True)
class Relation:
    """A foreign key as an attribute of the row that holds it (`one`) and of the row it points at (`many`)."""

    key: ForeignKey
    child: str
    parent: str
    one: str
    many: str
    optional: bool
    view_only: bool


@dataclass(slots=True)
class Names:
    """`classes` by table, `attributes` (Python) and `properties` (Java) by table and column, `enums` by type name."""

    classes: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    properties: dict[str, dict[str, str]] = field(default_factory=dict)
    enums: dict[str, str] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)

    def of(self, table: Table) -> str:
        return self.classes[table.full_name]

    def attribute(self, table: Table, column: str) -> str:
        return self.attributes[table.full_name][column]

    def property(self, table: Table, column: str) -> str:
        return self.properties[table.full_name][column]


def name_all(schema: Schema) -> Names:
    """Names for everything in `schema`, in its own order, so that the same text gives the same code."""
    found, classes, modules = Names(), {name.lower() for name in CLASSES_TAKEN}, set[str]()
    for table in schema.tables:
        name = free(pascal(table.name), classes, among=CLASSES_TAKEN, mark="Row")
        classes.update({f"{name}base".lower(), f"{name}repository".lower(), f"{name}mapper".lower()})
        found.classes[table.full_name] = name
        found.modules[table.full_name] = free(snake(name), modules, among=PYTHON_TAKEN)
        own, bean = {"id_"}, {"class"}
        found.attributes[table.full_name] = {
            column.name: free(snake(column.name), own, among=PYTHON_TAKEN) for column in table.columns
        }
        found.properties[table.full_name] = {
            column.name: free(camel(column.name), bean, among=JAVA_TAKEN, mark="Value") for column in table.columns
        }
    for kind in enums(schema):
        found.enums[kind.name] = free(pascal(kind.name), classes, among=CLASSES_TAKEN, mark="Kind")
    found.relations = _relations(schema, found)
    return found


def enums(schema: Schema) -> list[Type]:
    """Every enum that a column is of, once. (A list of them holds their words.)"""
    used: dict[str, Type] = {}
    for table in schema.tables:
        for column in table.columns:
            if column.type.kind is Kind.ENUM:
                used.setdefault(column.type.name, column.type)
    return list(used.values())


def members(kind: Type, *, upper: bool = True) -> dict[str, str]:
    """Value of an enum -> name of its member."""
    taken: set[str] = {"none", "mro", "name", "value"}
    return {value: free(snake(value).upper() if upper else snake(value), taken) for value in dict.fromkeys(kind.values)}


def _relations(schema: Schema, names: Names) -> list[Relation]:
    """Both ends of every foreign key between rows that have an identity."""
    found: list[Relation] = []
    taken = {
        table.full_name: {name.lower() for name in names.attributes[table.full_name].values()}
        for table in schema.tables
    }
    for table in schema.tables:
        written: set[str] = set()
        for key in table.foreign_keys:
            parent = schema.table(key.table)
            if parent is None or not table.identity() or not parent.identity():
                continue
            one = free(_one_name(key, parent), taken[table.full_name], among=PYTHON_TAKEN)
            several = sum(other.table == key.table for other in table.foreign_keys) > 1 or parent is table
            many_wish = f"{snake(table.name)}_list" + (f"_by_{one}" if several else "")
            columns = [table.column(name) for name in key.columns]
            found.append(
                Relation(
                    key,
                    table.full_name,
                    parent.full_name,
                    one,
                    free(many_wish, taken[parent.full_name], among=PYTHON_TAKEN),
                    optional=any(column is None or column.nullable for column in columns),
                    # two keys that write one column would fight over it: the later one only looks
                    view_only=bool(written & set(key.columns)),
                )
            )
            written.update(key.columns)
    return found


def _one_name(key: ForeignKey, parent: Table) -> str:
    if len(key.columns) == 1:
        parts = words(key.columns[0])
        if len(parts) > 1 and parts[-1] in {"id", "no", "code", "key", "beonho"}:
            return "_".join(parts[:-1])
    return snake(parent.name)


def by(table: Table, columns: tuple[str, ...]) -> list[Column]:
    """The columns of these names, in this order."""
    return [column for column in (table.column(name) for name in columns) if column is not None]
