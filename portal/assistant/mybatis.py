"""MyBatis: for each table a generated mapper interface and its XML, and one of each by hand beside them.

Values are always parameters (`#{}`), never text put into the statement. Each XML names only properties of the Java class.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from portal.assistant import names as naming
from portal.assistant.java import imports, java_type, javadoc
from portal.assistant.names import Names
from portal.assistant.output import File, by_hand, generated
from portal.assistant.python_repositories import lookups
from portal.assistant.schema import ORDERED, Column, Kind, Schema, Table

_DOCTYPE = (
    '<!DOCTYPE mapper PUBLIC "-//mybatis.org//DTD Mapper 3.0//EN" "https://mybatis.org/dtd/mybatis-3-mapper.dtd">\n'
)
_JDBC = {
    Kind.BOOLEAN: "BOOLEAN", Kind.SMALLINT: "SMALLINT", Kind.INTEGER: "INTEGER", Kind.BIGINT: "BIGINT",
    Kind.UBIGINT: "NUMERIC", Kind.DECIMAL: "DECIMAL", Kind.REAL: "REAL", Kind.DOUBLE: "DOUBLE", Kind.CHAR: "CHAR",
    Kind.BINARY: "BINARY", Kind.GEOMETRY: "BINARY", Kind.DATE: "DATE", Kind.TIME: "TIME", Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMP_WITH_TIMEZONE", Kind.UUID: "OTHER", Kind.ARRAY: "ARRAY",
}  # fmt: skip
#: PostgreSQL takes a word for one of these only when it is told to.
_CAST = {
    Kind.JSON: "json", Kind.JSONB: "jsonb", Kind.INET: "inet", Kind.CIDR: "cidr", Kind.MACADDR: "macaddr",
    Kind.TSVECTOR: "tsvector", Kind.XML: "xml", Kind.INTERVAL: "interval", Kind.MONEY: "money",
}  # fmt: skip
_INCOMPARABLE = {Kind.JSON, Kind.JSONB, Kind.ARRAY, Kind.GEOMETRY, Kind.TSVECTOR, Kind.XML, Kind.BINARY}


class Mapper:
    """What one table needs: its SQL in its dialect, its names in Java."""

    def __init__(self, schema: Schema, names: Names, table: Table, package: str) -> None:
        self.dialect, self.names, self.table, self.package = schema.dialect, names, table, package
        self.own = names.of(table)
        self.key = table.identity()
        self.version = table.version() if self.key else None
        self.taken = {"insert", "update", "deletebykey", "findbykey", "findpage", "count"}

    def quoted(self, name: str) -> str:
        mark = "`" if self.dialect == "mysql" else '"'
        return mark + name.replace(mark, mark * 2) + mark

    @property
    def target(self) -> str:
        return ".".join(self.quoted(part) for part in (self.table.schema, self.table.name) if part)

    def property(self, column: Column) -> str:
        return self.names.property(self.table, column.name)

    def parameter(self, column: Column) -> str:
        """`#{...}` with what JDBC must know, and PostgreSQL's cast where it wants one."""
        told = f"#{{{self.property(column)},jdbcType={jdbc_type(column)}{self.handler(column, ',typeHandler=')}}}"
        return f"CAST({told} AS {cast})" if (cast := self._cast(column)) else told

    def handler(self, column: Column, lead: str) -> str:
        if column.type.kind is Kind.ENUM and column.type.name in self.names.enums:
            return f"{lead}{self.package}.mapper.generated.{self.names.enums[column.type.name]}TypeHandler"
        return f"{lead}org.apache.ibatis.type.ArrayTypeHandler" if column.type.kind is Kind.ARRAY else ""

    def _cast(self, column: Column) -> str:
        kind = column.type
        if self.dialect != "postgresql":
            return ""
        if kind.kind is Kind.ENUM:
            return ".".join(self.quoted(part) for part in (kind.native or kind.name).split("."))
        if kind.kind is Kind.BIT:
            return (
                f"bit varying({kind.length})"
                if kind.native.startswith("var") and kind.length
                else f"bit({kind.length or 1})"
            )
        return _CAST.get(kind.kind, "")

    def where(self, columns: list[Column]) -> str:
        return " AND ".join(f"{self.quoted(column.name)} = {self.parameter(column)}" for column in columns)

    def order(self) -> str:
        columns = naming.by(self.table, self.key) or [one for one in self.table.columns if one.type.kind in ORDERED]
        return " ORDER BY " + ", ".join(self.quoted(column.name) for column in columns) if columns else ""

    def finders(self) -> list[tuple[str, list[Column], bool]]:
        """Name, columns, and whether one row at most is found; unique sets first, then foreign keys."""
        found: list[tuple[str, list[Column], bool]] = []
        wanted = [(columns, True) for columns in self.table.unique_sets() if columns != self.key]
        wanted += [(columns, False) for columns in lookups(self.table)]
        for names, single in wanted:
            columns = naming.by(self.table, names)
            if not any(column.type.kind in _INCOMPARABLE for column in columns):
                wish = "findBy" + "And".join(_upper(self.property(column)) for column in columns)
                found.append((naming.free(wish, self.taken, mark="Of"), columns, single))
        return found

    def declared(self, columns: list[Column]) -> str:
        return ", ".join(
            f'@Param("{self.property(column)}") {java_type(column.type, self.names)} {self.property(column)}'
            for column in columns
        )


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def jdbc_type(column: Column) -> str:
    return _JDBC.get(column.type.kind, "VARCHAR")


def files(schema: Schema, names: Names, package: str) -> list[File]:
    """Interfaces and type handlers below `java/`, XML below `resources/`."""
    top, below = f"java/{package.replace('.', '/')}/mapper", f"resources/{package.replace('.', '/')}/mapper"
    made = []
    for table in schema.tables:
        own = names.of(table)
        made += [
            generated(f"{top}/generated/{own}MapperBase.java", _interface(Mapper(schema, names, table, package))),
            generated(f"{below}/generated/{own}MapperBase.xml", _xml(Mapper(schema, names, table, package))),
            by_hand(f"{top}/{own}Mapper.java", _interface_by_hand(own, package)),
            by_hand(f"{below}/{own}Mapper.xml", _xml_by_hand(own, package)),
        ]
    made += [
        generated(f"{top}/generated/{name}TypeHandler.java", _type_handler(name, package))
        for name in names.enums.values()
    ]
    return made


# ----- the interface -------------------------------------------------------------------------------------------------


def _interface(mapper: Mapper) -> str:
    own, key = mapper.own, naming.by(mapper.table, mapper.key)
    methods: list[tuple[str, str]] = [("Put a row in; its number is in the row afterwards.", f"int insert({own} row);")]
    gone = "; 0 when somebody changed it meanwhile" if mapper.version else ""
    used = list(key)
    if key:
        methods.append(("The row of this key, or null.", f"{own} findByKey({mapper.declared(key)});"))
        if _changeable(mapper):
            methods.append((f"Change the row of this key; how many were changed{gone}.", f"int update({own} row);"))
        doomed = [*key, mapper.version] if mapper.version else key
        used = doomed
        methods.append(
            (
                f"Delete the row of this key; how many were deleted{gone}.",
                f"int deleteByKey({mapper.declared(doomed)});",
            )
        )
    for name, columns, single in mapper.finders():
        used = used + columns
        found = own if single else f"List<{own}>"
        paged = "" if single else ', @Param("limit") int limit, @Param("offset") int offset'
        said = "The one row with these values, or null." if single else "Rows that point there, a page of them."
        methods.append((said, f"{found} {name}({mapper.declared(columns)}{paged});"))
    methods.append(
        ("A page of the rows.", f'List<{own}> findPage(@Param("limit") int limit, @Param("offset") int offset);')
    )
    methods.append(("How many rows there are.", "long count();"))
    types = {java_type(column.type, mapper.names) for column in used}
    wanted = {*imports(types, mapper.package, mapper.names), "java.util.List", "org.apache.ibatis.annotations.Param"}
    wanted.add(f"{mapper.package}.domain.{own}")
    head = "".join(f"import {line};\n" for line in sorted(wanted))
    body = "\n\n".join(f"{javadoc(said, '    ')}\n    {method}" for said, method in methods)
    return (
        f"package {mapper.package}.mapper.generated;\n\n{head}\n{javadoc(f'Statements on {mapper.table.full_name}.')}\n"
        f"public interface {own}MapperBase {{\n{body}\n}}\n"
    )


def _interface_by_hand(own: str, package: str) -> str:
    return (
        f"package {package}.mapper;\n\nimport {package}.mapper.generated.{own}MapperBase;\n\n"
        f"/** Own statements; by hand: made once, never touched again by the generator. */\n"
        f"public interface {own}Mapper extends {own}MapperBase {{\n}}\n"
    )


def _type_handler(name: str, package: str) -> str:
    read = f"return {name}.of(%s);"
    return f"""package {package}.mapper.generated;

import {package}.domain.generated.{name};
import java.sql.CallableStatement;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.apache.ibatis.type.BaseTypeHandler;
import org.apache.ibatis.type.JdbcType;

/** Keeps {name} by its word in the database. */
public class {name}TypeHandler extends BaseTypeHandler<{name}> {{
    @Override
    public void setNonNullParameter(PreparedStatement statement, int at, {name} value, JdbcType type) throws SQLException {{
        statement.setString(at, value.value());
    }}

    @Override
    public {name} getNullableResult(ResultSet rows, String column) throws SQLException {{
        {read % "rows.getString(column)"}
    }}

    @Override
    public {name} getNullableResult(ResultSet rows, int column) throws SQLException {{
        {read % "rows.getString(column)"}
    }}

    @Override
    public {name} getNullableResult(CallableStatement call, int column) throws SQLException {{
        {read % "call.getString(column)"}
    }}
}}
"""


# ----- the XML -------------------------------------------------------------------------------------------------------


def _xml(mapper: Mapper) -> str:
    own, key = mapper.own, naming.by(mapper.table, mapper.key)
    all_columns = ", ".join(mapper.quoted(column.name) for column in mapper.table.columns)
    paged = " LIMIT #{limit,jdbcType=INTEGER} OFFSET #{offset,jdbcType=INTEGER}"
    start = f'SELECT <include refid="columns"/> FROM {escape(mapper.target)}'  # noqa: S608 - writing SQL is the trade here
    parts = [_result_map(mapper), f'  <sql id="columns">{escape(all_columns)}</sql>', _insert(mapper)]
    if key:
        parts.append(_select("findByKey", f"{start} WHERE {escape(mapper.where(key))}"))
        if _changeable(mapper):
            parts.append(_update(mapper, key))
        doomed = [*key, mapper.version] if mapper.version else key
        gone = escape(f"DELETE FROM {mapper.target} WHERE {mapper.where(doomed)}")  # noqa: S608
        parts.append(f'  <delete id="deleteByKey">\n    {gone}\n  </delete>')
    for name, columns, single in mapper.finders():
        more = "" if single else escape(mapper.order()) + paged
        parts.append(_select(name, f"{start} WHERE {escape(mapper.where(columns))}{more}"))
    parts.append(_select("findPage", f"{start}{escape(mapper.order())}{paged}"))
    count = f"SELECT COUNT(*) FROM {escape(mapper.target)}"  # noqa: S608
    parts.append(f'  <select id="count" resultType="long">\n    {count}\n  </select>')
    namespace = f"{mapper.package}.mapper.generated.{own}MapperBase"
    return f'{_DOCTYPE}<mapper namespace="{namespace}">\n' + "\n\n".join(parts) + "\n</mapper>\n"


def _select(name: str, sql: str) -> str:
    return f'  <select id="{name}" resultMap="row">\n    {sql}\n  </select>'


def _result_map(mapper: Mapper) -> str:
    lines = [f'  <resultMap id="row" type="{mapper.package}.domain.{mapper.own}">']
    ordered = sorted(mapper.table.columns, key=lambda column: column.name not in mapper.key)  # <id> stands first
    for column in ordered:
        tag = "id" if column.name in mapper.key else "result"
        handler = mapper.handler(column, "")
        told = f' typeHandler="{handler}"' if handler else ""
        lines.append(
            f'    <{tag} column={quoteattr(column.name)} property="{mapper.property(column)}" '
            f'jdbcType="{jdbc_type(column)}"{told}/>'
        )
    return "\n".join([*lines, "  </resultMap>"])


def _insert(mapper: Mapper) -> str:
    """A column with a value of the database's own is left to it when the row holds none."""
    given = [column for column in mapper.table.columns if not column.auto]
    auto = [column for column in mapper.table.columns if column.auto]
    keys = ""
    if auto:
        keys = (
            f' useGeneratedKeys="true" keyProperty="{",".join(mapper.property(column) for column in auto)}"'
            f" keyColumn={quoteattr(','.join(column.name for column in auto))}"
        )
    if not given:
        empty = "() VALUES ()" if mapper.dialect == "mysql" else "DEFAULT VALUES"
        return f'  <insert id="insert"{keys}>\n    INSERT INTO {escape(mapper.target)} {empty}\n  </insert>'
    spared = [column for column in given if column.default is not None]
    spared = spared if len(spared) < len(given) else spared[1:]
    names = [_piece(mapper, column, escape(mapper.quoted(column.name)), spared) for column in given]
    values = [_piece(mapper, column, escape(mapper.parameter(column)), spared) for column in given]
    trim = '    <trim prefix="{}(" suffix=")" suffixOverrides=",">\n{}\n    </trim>'
    return "\n".join([
        f'  <insert id="insert"{keys}>',
        f"    INSERT INTO {escape(mapper.target)}",
        trim.format("", "\n".join(names)),
        trim.format("VALUES ", "\n".join(values)),
        "  </insert>",
    ])  # fmt: skip


def _piece(mapper: Mapper, column: Column, text: str, spared: list[Column]) -> str:
    if column in spared:
        return f'      <if test="{mapper.property(column)} != null">{text},</if>'
    return f"      {text},"


def _changeable(mapper: Mapper) -> bool:
    return any(column.name not in mapper.key for column in mapper.table.columns)


def _update(mapper: Mapper, key: list[Column]) -> str:
    """All columns but the key; with a version column only the row that nobody changed since it was read."""
    changed = [
        f"{mapper.quoted(column.name)} = {mapper.quoted(column.name)} + 1"
        if column is mapper.version
        else f"{mapper.quoted(column.name)} = {mapper.parameter(column)}"
        for column in mapper.table.columns
        if column.name not in mapper.key
    ]
    chosen = [*key, mapper.version] if mapper.version else key
    sets = ",\n      ".join(escape(line) for line in changed)
    return (
        f'  <update id="update">\n    UPDATE {escape(mapper.target)} SET\n      {sets}\n'
        f"    WHERE {escape(mapper.where(chosen))}\n  </update>"
    )


def _xml_by_hand(own: str, package: str) -> str:
    return (
        f'{_DOCTYPE}<mapper namespace="{package}.mapper.{own}Mapper">\n'
        "  <!-- Own statements; made once, never touched again by the generator.\n"
        f'       resultMap="{package}.mapper.generated.{own}MapperBase.row" reads a whole row. -->\n'
        "</mapper>\n"
    )
