"""Stream the rows of a database table or query through SQLAlchemy as chunks of columns."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import Chunk, SqlRows, columns_of, missing_column
from kg_builder.extraction.tabular.typed_cells import cells_of

_HIDDEN: Final = "***"
_READS: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_PRAGMA,
        sqlite3.SQLITE_TRANSACTION,
    }
)
"""Actions allowed on an SQLite connection."""


def sql_rows(
    config: SqlRows,
    file: Path | None,
    columns: Sequence[str] | None,
    nulls: frozenset[str],
    chunk_rows: int,
) -> Iterator[Chunk]:
    """Yield chunks of rows, numbered from 1 in result order.

    A table is read in primary-key order; a query defines its own order. Rows are streamed (with a
    server-side cursor if available) in a read-only transaction.

    Args:
        config: connection, and table or query.
        file: an SQLite database, if no address is given.
        columns: required columns, or paths into nested ones; all by default.
        nulls: texts that mean "no value".
        chunk_rows: rows per chunk.

    Raises:
        DataError: the address, credentials, table or a column is invalid; messages contain no
            password.
    """
    url = _url(config, file)
    addressed = config.url or config.url_env
    where = url.render_as_string(hide_password=True) if addressed else str(file)
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    except (SQLAlchemyError, ImportError) as fault:
        raise _error(fault, url, where) from None
    try:
        with engine.connect() as connection:
            yield from _rows(connection, config, columns, nulls, chunk_rows, where)
    except (SQLAlchemyError, ValueError) as fault:
        raise _error(fault, url, where) from None
    finally:
        engine.dispose()


def sqlite_tables(file: Path) -> list[str]:
    """Names of the tables of an SQLite file, or of its views if it has no tables.

    Raises:
        DataError: the file is damaged, or encrypted.
    """
    url = _sqlite(file)
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    try:
        found = sqlalchemy.inspect(engine)
        return found.get_table_names() or found.get_view_names()
    except SQLAlchemyError as fault:
        raise _error(fault, url, str(file)) from None
    finally:
        engine.dispose()


def _rows(
    connection: sqlalchemy.Connection,
    config: SqlRows,
    columns: Sequence[str] | None,
    nulls: frozenset[str],
    chunk_rows: int,
    where: str,
) -> Iterator[Chunk]:
    if connection.dialect.name == "sqlite":
        _only_reads(connection)
    if connection.dialect.name == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    statement = _statement(connection, config, columns, where)
    result = connection.execution_options(stream_results=True, yield_per=chunk_rows).execute(
        statement
    )
    names = list(result.keys())
    wanted = columns_of(columns or names, names, where)
    first = 1
    for part in result.partitions(chunk_rows):
        values: dict[str, Sequence[Any]] = dict(zip(names, zip(*part, strict=True), strict=True))
        places = list(range(first, first + len(part)))
        yield Chunk(cells_of(values, wanted, nulls), places)
        first += len(part)


def _statement(
    connection: sqlalchemy.Connection,
    config: SqlRows,
    columns: Sequence[str] | None,
    where: str,
) -> sqlalchemy.Executable:
    if config.query is not None:
        return sqlalchemy.text(config.query)
    schema, _, name = (config.table or "").rpartition(".")
    try:
        table = sqlalchemy.Table(
            name, sqlalchemy.MetaData(), schema=schema or None, autoload_with=connection
        )
    except NoSuchTableError:
        existing = ", ".join(sorted(sqlalchemy.inspect(connection).get_table_names(schema or None)))
        raise DataError(
            f"no table {config.table!r}", where=where, remedy=f"tables: {existing or 'none'}"
        ) from None
    names = [column.name for column in table.columns]
    needed = dict.fromkeys(
        column for column, _ in columns_of(columns or names, names, where).values()
    )
    if not needed:
        raise missing_column("", names, where)
    chosen = sqlalchemy.select(*(table.c[name] for name in needed))
    return chosen.order_by(*table.primary_key.columns)


def _url(config: SqlRows, file: Path | None) -> sqlalchemy.URL:
    """The address with its password; an SQLite file is opened read-only."""
    text = config.url
    if config.url_env is not None:
        text = os.environ.get(config.url_env, "")
        if not text:
            raise _unset(config.url_env)
    if not text:
        return _sqlite(file or Path("sql"))
    try:
        url = sqlalchemy.make_url(text)
    except (ArgumentError, ValueError):
        raise DataError(
            "not a database address",
            where=config.url_env or "sql.url",
            remedy="for example postgresql+psycopg://reader@host/music",
        ) from None
    if config.password_env is not None:
        password = os.environ.get(config.password_env)
        if password is None:
            raise _unset(config.password_env)
        url = url.set(password=password)
    if url.get_backend_name() == "sqlite":  # read-only regardless of the address's options
        return _sqlite(Path((url.database or "").removeprefix("file:").partition("?")[0]))
    return url


def _sqlite(file: Path) -> sqlalchemy.URL:
    if not file.is_file():
        raise DataError(
            "no such file",
            where=str(file),
            remedy="name an SQLite file with path, or an address with sql.url",
        )
    path = str(file.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlalchemy.URL.create(
        "sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"}
    )


def _only_reads(connection: sqlalchemy.Connection) -> None:
    """Allow only queries: ATTACH and VACUUM INTO create files even if a database is read-only."""
    driver: Any = connection.connection.driver_connection
    driver.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY
    )


def _unset(name: str) -> DataError:
    return DataError(
        f"the environment variable {name} is not set",
        where="sql",
        remedy=f"export {name}=… before the run",
    )


def _error(fault: Exception, url: sqlalchemy.URL, where: str) -> DataError:
    """Convert a database error to a readable one, without the password."""
    text = str(getattr(fault, "orig", None) or fault)
    if url.password:
        text = text.replace(str(url.password), _HIDDEN)
    text = " ".join(text.split())
    if text == "not authorized":  # raised by `_only_reads`
        text = "it is readonly: only queries (SELECT) are allowed"
    if isinstance(fault, ImportError | NoSuchModuleError):
        return DataError(
            f"no driver for {url.drivername}: {text}",
            where=where,
            remedy="install it; for PostgreSQL: pip install 'music-kg-recommender[postgres]'",
        )
    return DataError(f"the database refused: {text}", where=where)
