"""Write the contract of a use case in the language of Glue Data Quality.

Source: AWS Glue Developer Guide, "Data Quality Definition Language (DQDL) reference".
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_code.core.usecase import Column, Contract

_DATA_TYPES = {
    "integer": "bigint",
    "number": "double",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
"""In Spark's words; a text needs no rule, for everything can be read as one."""


def quality_ruleset(contract: Contract) -> str:
    """Return a ruleset with one rule for each thing that the contract promises.

    It measures and stops nothing: how many broken rows are too many, `Prepare` decides, by the
    error budget.
    """
    rules = ["RowCount > 0"]
    if contract.unique:
        rules.append(f"IsPrimaryKey {' '.join(_quoted(name) for name in contract.unique)}")
    for name, column in contract.columns.items():
        rules += _column_rules(_quoted(name), column)
    lines = ",\n".join(f"    {rule}" for rule in rules)
    return f"Rules = [\n{lines}\n]"


def _column_rules(name: str, column: Column) -> Iterator[str]:
    if column.required:
        yield f"ColumnExists {name}"
        if not column.nullable:
            yield f"IsComplete {name}"
    # A value that is missing would break every rule about values.
    where = f' where "{name[1:-1]} is not null"' if column.nullable or not column.required else ""
    if column.is_rewritten:
        return  # Spark reads neither decimal commas nor days first; only Prepare can judge them
    if column.missing:
        words = ", ".join(_sql(value) for value in column.missing)
        where = f' where "{name[1:-1]} not in ({words})"'
    if column.type in _DATA_TYPES:
        # ColumnDataType takes columns of text alone.
        bare = name[1:-1]
        unreadable = (
            f"{bare} is not null and try_cast({bare} as {_DATA_TYPES[column.type]}) is null"
        )
        yield f'CustomSql "select count(*) from primary where {unreadable}" = 0'  # noqa: S608
    if column.minimum is not None:
        yield f"ColumnValues {name} >= {column.minimum:.15g}{where}"
    if column.maximum is not None:
        yield f"ColumnValues {name} <= {column.maximum:.15g}{where}"
    if column.allowed is not None:
        values = ", ".join(_constant(value) for value in column.allowed)
        yield f"ColumnValues {name} in [{values}]{where}"


def _quoted(name: str) -> str:
    # The catalogue keeps names in lower case.
    return f'"{_escaped(name.lower())}"'


def _constant(value: float | str) -> str:
    return f'"{_escaped(value)}"' if isinstance(value, str) else f"{value:.15g}"


def _sql(value: float | str) -> str:
    return f"'{value}'" if isinstance(value, str) else f"{value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
