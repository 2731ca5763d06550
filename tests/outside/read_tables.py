"""Reads the tables of groklab with pandas and DuckDB.

    pip install duckdb pandas pyarrow
    python tests/outside/read_tables.py

Trains two runs for seconds, exports their metrics as CSV, JSON lines and Parquet,
and holds what each tool reads to metrics.jsonl: every number to the last bit, with
the columns' types. Prints a table in Markdown; exits with 1 where anything
disagrees.
"""

import json
import pathlib
import sys
import tempfile

import duckdb
import pandas as pd
from groklab_runs import groklab, train

failed = False


def row(ending, tool, fine, says):
    global failed
    failed |= not fine
    print(f"| {ending} | {tool} | {'equal' if fine else 'DIFFERENT'} | {says} |")


def wanted_of(runs):
    """Rows of cells, None for nothing, and the columns in their order."""
    rows = []
    for run in runs:
        seed = json.loads((run / "config.json").read_text())["seed"]
        for line in (run / "metrics.jsonl").read_text().splitlines():
            metrics = json.loads(line)
            rows.append({"run": str(run), "seed": seed, **metrics})
    columns = {"run": None, "seed": None, "step": None}
    for cells in rows:
        columns.update(dict.fromkeys(cells))
    return [[cells.get(name) for name in columns] for cells in rows], list(columns)


def plain(frame):
    """The cells of a frame of pandas, None for nothing."""
    cells = frame.astype(object).where(frame.notna(), None)
    return cells.to_numpy().tolist()


READERS = {
    "csv": (pd.read_csv, "read_csv"),
    "jsonl": (
        lambda path: pd.read_json(path, lines=True, precise_float=True),
        "read_json",
    ),
    "parquet": (pd.read_parquet, "read_parquet"),
}
SQL = {
    "csv": "read_csv('{}', sample_size = -1)",
    "jsonl": "read_json('{}', format = 'newline_delimited', sample_size = -1)",
    "parquet": "read_parquet('{}')",
}

print("| file | read by | | |\n|---|---|---|---|")
with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    runs = [
        train(folder / "a, b", "--steps", "40", "--metrics", "all", "--seed", "3"),
        train(folder / "plain", "--steps", "40"),
    ]
    wanted, columns = wanted_of(runs)
    for ending, (read, name) in READERS.items():
        path = folder / f"table.{ending}"
        groklab("export", *runs, "--out", path)
        frame = read(path)
        fine = list(frame.columns) == columns and plain(frame) == wanted
        fine &= frame["step"].dtype == "int64" and frame["seed"].dtype == "int64"
        size = f"{len(wanted)} rows, {len(columns)} columns"
        row(ending, f"pandas {pd.__version__} {name}", fine, size)
        result = duckdb.sql(f"SELECT * FROM {SQL[ending].format(path)}")
        types = dict(zip(result.columns, map(str, result.types)))
        fine = result.columns == columns
        fine &= list(map(list, result.fetchall())) == wanted
        fine &= (types["run"], types["seed"], types["step"]) == (
            *("VARCHAR", "BIGINT", "BIGINT"),
        )
        numbers = {types[column] for column in columns[3:]}
        fine &= ending != "parquet" or numbers == {"DOUBLE"}
        row(ending, f"DuckDB {duckdb.__version__}", fine, size)
sys.exit(1 if failed else 0)
