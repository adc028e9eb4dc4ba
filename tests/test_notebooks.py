"""The notebooks run from top to bottom, and are kept without output."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWN = {
    "01_first_backtest": (
        "5,031 bars of 1d",
        "Buy and hold",
        "stop_loss",
        "twice the costs",
        "1 % at risk",
        "centred_average(5) looks ahead",
    ),
    "02_delta_hedging": (
        "straddle SP500 141121 +C1950 +P1950",
        "unhedged",
        "options: gamma",
        "whalley_wilmott",
    ),
    "03_without_a_strategy": (
        "EMULATOR, not Interactive Brokers",
        "buy 10 AAPL market: filled",
        "refused by price_collar",
        "refused by protection",
        "refused by duplicate",
        "sell 10 AAPL market: filled",
        "left working: none",
    ),
}
"""Words each notebook prints."""


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def text_of(notebook: nbformat.NotebookNode) -> str:
    """Everything its cells printed or showed as text."""
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            shown.append(output.get("text", ""))
            shown.append(output.get("data", {}).get("text/plain", ""))
    return "\n".join(shown)


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_clean(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def executed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, nbformat.NotebookNode]:
    """A name, and the notebook executed where it lies, with the state of Jupyter elsewhere."""
    notebook = read(request.param)
    home = str(tmp_path_factory.mktemp("home"))
    own = {"IPYTHONDIR": home, "JUPYTER_RUNTIME_DIR": home, "PYTHONWARNINGS": "default"}
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}}
    )
    client.execute(env=os.environ | own)
    return request.param.stem, notebook


def test_a_notebook_runs_without_a_warning(executed: tuple[str, nbformat.NotebookNode]) -> None:
    written = [
        output["text"]
        for cell in executed[1].cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert written == []


def test_a_notebook_shows_what_it_speaks_of(executed: tuple[str, nbformat.NotebookNode]) -> None:
    name, notebook = executed
    kinds = {
        kind
        for cell in notebook.cells
        for o in cell.get("outputs", ())
        for kind in o.get("data", {})
    }
    assert "image/png" in kinds
    text = text_of(notebook)
    for words in SHOWN[name]:
        assert words in text


def test_the_parts_of_the_profit_are_the_change_of_equity(
    executed: tuple[str, nbformat.NotebookNode],
) -> None:
    found = re.search(r"together ([\d,.]+), change of equity ([\d,.]+)", text_of(executed[1]))
    assert (found is not None) == (executed[0] == "02_delta_hedging")
    assert found is None or found[1] == found[2]
