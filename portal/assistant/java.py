"""Java 17 domain classes: for each table a generated abstract class with its properties, and one by hand that extends it."""

from __future__ import annotations

from portal.assistant import names as naming
from portal.assistant.names import Names
from portal.assistant.output import File, by_hand, generated
from portal.assistant.schema import Column, Kind, Schema, Table, Type

_TYPES = {
    Kind.BOOLEAN: "Boolean", Kind.SMALLINT: "Integer", Kind.INTEGER: "Integer", Kind.BIGINT: "Long",
    Kind.UBIGINT: "BigInteger", Kind.DECIMAL: "BigDecimal", Kind.REAL: "Float", Kind.DOUBLE: "Double",
    Kind.BINARY: "byte[]", Kind.GEOMETRY: "byte[]", Kind.DATE: "LocalDate", Kind.TIME: "LocalTime",
    Kind.TIMESTAMP: "LocalDateTime", Kind.TIMESTAMPTZ: "OffsetDateTime", Kind.UUID: "UUID",
}  # fmt: skip
_IMPORTS = {
    "BigInteger": "java.math.BigInteger", "BigDecimal": "java.math.BigDecimal", "LocalDate": "java.time.LocalDate",
    "LocalTime": "java.time.LocalTime", "LocalDateTime": "java.time.LocalDateTime",
    "OffsetDateTime": "java.time.OffsetDateTime", "UUID": "java.util.UUID",
}  # fmt: skip


def java_type(kind: Type, names: Names) -> str:
    """The class of a value; never a primitive, because a column may hold nothing."""
    if kind.kind is Kind.ENUM:
        return names.enums.get(kind.name, "String")
    if kind.kind is Kind.ARRAY:
        element = kind.element or Type(Kind.TEXT)
        return ("String" if element.kind is Kind.ENUM else java_type(element, names)) + "[]"
    return _TYPES.get(kind.kind, "String")


def imports(types: set[str], package: str, names: Names) -> list[str]:
    """What a file with these types imports; enums live in the generated part of the domain."""
    bare = {word.rstrip("[]") for word in types}
    own = {f"{package}.domain.generated.{word}" for word in bare if word in names.enums.values()}
    return sorted({_IMPORTS[word] for word in bare if word in _IMPORTS} | own)


def files(schema: Schema, names: Names, package: str) -> list[File]:
    """Classes and enums below `java/`."""
    top = f"java/{package.replace('.', '/')}/domain"
    made = []
    for table in schema.tables:
        own = names.of(table)
        hand = (
            f"package {package}.domain;\n\nimport {package}.domain.generated.{own}Base;\n\n"
            f"{javadoc(f'A row of {table.full_name}. By hand: made once, never touched again by the generator.')}\n"
            f"public class {own} extends {own}Base {{\n}}\n"
        )
        made += [
            generated(f"{top}/generated/{own}Base.java", _domain(names, table, package)),
            by_hand(f"{top}/{own}.java", hand),
        ]
    for kind in naming.enums(schema):
        made.append(generated(f"{top}/generated/{names.enums[kind.name]}.java", _enum(kind, names, package)))
    return made


def accessor(name: str) -> str:
    """A property's name behind get and set, as the Beans standard has it: gRcpt stays gRcpt."""
    return name if len(name) > 1 and name[1].isupper() else name[:1].upper() + name[1:]


def javadoc(text: str, indent: str = "") -> str:
    """A comment that no word in it can end, and no backslash in it can turn into code."""
    plain = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    for letter, safe in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("*/", "*&#47;"),
        ("\\", "&#92;"),
        ("@", "&#64;"),
    ):
        plain = plain.replace(letter, safe)
    lines = [line.strip() for line in plain.strip().split("\n") if line.strip()]
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */"
    return "\n".join([f"{indent}/**", *(f"{indent} * {line}" for line in lines), f"{indent} */"])


def literal(text: str) -> str:
    """A Java string; what is not ASCII is escaped, so that no compiler setting changes it."""
    made = []
    for letter in text:
        if letter in {'"', "\\"}:
            made.append("\\" + letter)
        elif letter.isascii() and letter.isprintable():
            made.append(letter)
        elif letter in {"\n", "\r", "\t"}:
            made.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[letter])
        else:
            units = letter.encode("utf-16-be", "surrogatepass")
            made += [f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)]
    return '"' + "".join(made) + '"'


def _domain(names: Names, table: Table, package: str) -> str:
    own = names.of(table)
    types = {java_type(column.type, names) for column in table.columns}
    wanted = [line for line in imports(types, package, names) if not line.startswith(f"{package}.domain.generated.")]
    keys = {java_type(column.type, names) for column in naming.by(table, table.identity())}
    wanted += ["java.util.Arrays"] if any(kind.endswith("[]") for kind in keys) else []
    head = f"package {package}.domain.generated;\n\n" + "".join(f"import {line};\n" for line in sorted(wanted))
    body = [
        javadoc(f"{table.full_name}\n{table.comment}"),
        f"public abstract class {own}Base {{",
        *(
            f"    private {java_type(column.type, names)} {names.property(table, column.name)};"
            for column in table.columns
        ),
        *(line for column in table.columns for line in _accessors(names, table, column)),
        *_to_string(names, table),
        "}",
    ]
    return f"{head}\n" + "\n".join(body) + "\n"


def _accessors(names: Names, table: Table, column: Column) -> list[str]:
    name, kind = names.property(table, column.name), java_type(column.type, names)
    said = column.name + (": " + column.comment if column.comment else "")
    return [
        "",
        javadoc(said, "    "),
        f"    public {kind} get{accessor(name)}() {{",
        f"        return {name};",
        "    }",
        "",
        f"    public void set{accessor(name)}({kind} {name}) {{",
        f"        this.{name} = {name};",
        "    }",
    ]


def _to_string(names: Names, table: Table) -> list[str]:
    """The key, and nothing else of the row: a log line must not carry people's data."""
    own = names.of(table)
    parts: list[str] = []
    for column in naming.by(table, table.identity()):
        name = names.property(table, column.name)
        shown = f"Arrays.toString({name})" if java_type(column.type, names).endswith("[]") else name
        parts.append(f'"{", " if parts else ""}{name}=" + {shown}')
    inside = " + ".join([f'"{own}["', *parts, '"]"'])
    return ["", "    @Override", "    public String toString() {", f"        return {inside};", "    }"]


def _enum(kind: Type, names: Names, package: str) -> str:
    own = names.enums[kind.name]
    members = naming.members(kind)
    listed = ",\n".join(f"    {member}({literal(value)})" for value, member in members.items())
    return f"""package {package}.domain.generated;

{javadoc(kind.name)}
public enum {own} {{
{listed};

    private final String value;

    {own}(String value) {{
        this.value = value;
    }}

    /** The word in the database. */
    public String value() {{
        return value;
    }}

    /** The member of a word in the database; null for null. */
    public static {own} of(String value) {{
        if (value == null) {{
            return null;
        }}
        for ({own} member : values()) {{
            if (member.value.equals(value)) {{
                return member;
            }}
        }}
        throw new IllegalArgumentException("no {own}: " + value);
    }}
}}
"""
