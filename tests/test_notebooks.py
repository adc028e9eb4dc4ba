"""The notebooks run from top to bottom, and are kept without output."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


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
    assert [path.name for path in NOTEBOOKS] == ["01_first_backtest.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_clean(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The first notebook, executed where it lies, with the state of Jupyter kept elsewhere."""
    notebook = read(ROOT / "notebooks" / "01_first_backtest.ipynb")
    home = str(tmp_path_factory.mktemp("home"))
    own = {"IPYTHONDIR": home, "JUPYTER_RUNTIME_DIR": home, "PYTHONWARNINGS": "default"}
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}}
    )
    client.execute(env=os.environ | own)
    return notebook


def test_the_first_notebook_runs_without_a_warning(first: nbformat.NotebookNode) -> None:
    written = [
        output["text"]
        for cell in first.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert written == []


def test_the_first_notebook_shows_what_it_speaks_of(first: nbformat.NotebookNode) -> None:
    kinds = {
        kind for cell in first.cells for o in cell.get("outputs", ()) for kind in o.get("data", {})
    }
    assert "image/png" in kinds
    text = text_of(first)
    for words in (
        "5,031 bars of 1d",
        "Buy and hold",
        "stop_loss",
        "twice the costs",
        "1 % at risk",
    ):
        assert words in text
    assert "centred_average(5) looks ahead" in text
