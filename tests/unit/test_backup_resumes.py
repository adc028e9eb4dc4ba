"""A session killed, backed up, restored in another folder and taken up there ends as if nothing
had happened."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from framework.engine.journal import JOURNAL_NAME
from framework.operations.backup import write_backup
from framework.operations.backup_choice import choose
from framework.operations.restore import restore
from tests.kill9.cargo import load_of
from tests.kill9.compare import compared, held_against
from tests.kill9.host import run_host
from tests.kill9.runs import _forked, _truth, _waited, calm_run, warm_up
from tests.kill9.ship import Orders, run_ship

SEED = 3
NAME = Path("sessions/paper-captain-1")


@pytest.mark.parametrize("point", ["fill-journalled", "intent-journalled"])
def test_a_session_goes_on_from_a_restored_journal(point: str, tmp_path: Path) -> None:
    warm_up()
    calm = calm_run(SEED)
    load = load_of(SEED)
    here, there = tmp_path / "here", tmp_path / "there"
    (here / NAME).mkdir(parents=True)
    reading, ready = os.pipe()
    host = _forked(lambda: run_host(load.bars, load.cargo.settings, ready))
    os.close(ready)
    try:
        control = int(os.read(reading, 16))
        first = Orders(SEED, control, here / NAME / JOURNAL_NAME, here / "report.json", point, 9)
        status = _waited(_forked(partial(run_ship, first)))
        assert os.WIFSIGNALED(status), "the first session is killed"

        archive = tmp_path / "kept.tar.gz"
        done = write_backup(choose(here), archive, "", {})
        (entry,) = [one for one in done.manifest.files if one.kind == "journal"]
        assert entry.rows
        restore(archive, there)
        (here / NAME / JOURNAL_NAME).unlink()

        report = there / "report.json"
        second = Orders(SEED, control, there / NAME / JOURNAL_NAME, report)
        assert _waited(_forked(partial(run_ship, second), tmp_path / "said.txt")) == 0, (
            tmp_path / "said.txt"
        ).read_text()
        told = json.loads(report.read_text())
        verdict = held_against(told, _truth(control))
        assert verdict.first == ""
        assert compared(calm.told, told) == []
        assert len(told["fills"]) > 20
    finally:
        os.close(reading)
        os.kill(host, signal.SIGKILL)
        os.waitpid(host, 0)
