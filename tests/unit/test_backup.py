"""Backup and restore: what goes in, that it is whole, and that nothing else is ever touched."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from framework.cli.app import app
from framework.engine.journal import JOURNAL_NAME, open_journal, read_journal
from framework.engine.journal_lock import Trader
from framework.engine.journal_rows import Started, Stopped
from framework.errors import ConfigError, DataError
from framework.operations import restore as restoring
from framework.operations.backup import Backup, write_backup
from framework.operations.backup_choice import choose
from framework.operations.manifest import FORMAT, MANIFEST_NAME, is_safe
from framework.operations.restore import restore, verified
from tests.builders import bars_of, free
from tests.journals import journal_in, record

ROOT = Path(__file__).parents[2]
JOURNAL = f"sessions/paper-mine-1/{JOURNAL_NAME}"
ROWS = [(100, 101, 99, 100), (101, 102, 99, 101), (101, 103, 96, 97)]
VERSIONS = {"slipway": "0"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything a person has, in which the commands are called."""
    base = tmp_path / "project"
    texts = {
        "logs/trading.log": "a line\n",
        "trades/2024-03-05/fills.parquet": "columns",
        "strategies/mine.py": "import framework\n",
        "strategies/__pycache__/mine.pyc": "code",
        "data/instruments.yaml": "AAA: {tick: 0.01}\n",
        "data/bars/AAA.csv": "bars",
        "data/cache/AAA.parquet": "cache",
        "runs/today/summary.json": "{}",
        "live.yaml": "strategy: mine\nmode: live\n",
        ".env": "IB_ACCOUNT=U1234567\n",
        "strategies/broker.pem": "key",
        "sessions/paper-mine-1/control.json": '{"secret": "hush"}',
        "sessions/paper-mine-1/status.json": "{}",
        "sessions/paper-mine-1/STOP": "{}",
    }
    for name, text in texts.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with journal_in(base / "sessions/paper-mine-1") as journal:
        record(journal, {0: lambda s: s.go_long()}, [bars_of(ROWS)], free())
    monkeypatch.chdir(base)
    monkeypatch.setenv("COLUMNS", "200")
    return base


def _call(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def _backup(*words: str) -> Path:
    _call("backup", "--to", "../kept.tar.gz", *words)
    return Path("../kept.tar.gz").resolve()


def _names(archive: Path) -> set[str]:
    with tarfile.open(archive) as file:
        return set(file.getnames())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _rows(path: Path) -> list[str]:
    with read_journal(path) as reader:
        return [repr(entry) for entry in reader.entries()]


def _tree(folder: Path) -> dict[str, bytes]:
    """Every file but those SQLite makes where a journal is looked at."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


# what goes in ----------------------------------------------------------------------------------


def test_it_holds_what_could_not_be_had_again_and_no_secret(project: Path) -> None:
    said = _call("backup", "--to", "../kept.tar.gz")
    archive = project.parent / "kept.tar.gz"
    assert _names(archive) == {
        JOURNAL,
        "sessions/paper-mine-1/STOP",
        "logs/trading.log",
        "trades/2024-03-05/fills.parquet",
        "strategies/mine.py",
        "data/instruments.yaml",
        "live.yaml",
        MANIFEST_NAME,
    }
    assert _mode(archive) == 0o600
    assert "It holds no secrets: no .env, no keys, no addresses of alerts." in said
    assert "Left out: .env, a secret: give --secrets to take it along" in said
    assert "1 journals with" in said
    assert {path.name for path in archive.parent.iterdir()} == {"kept.tar.gz", "project"}


def test_secrets_and_data_come_along_where_they_are_asked_for(project: Path) -> None:
    said = _call("backup", "--to", "../kept.tar.gz", "--secrets", "--with-data")
    names = _names(project.parent / "kept.tar.gz")
    assert {".env", "strategies/broker.pem", "data/bars/AAA.csv", "data/cache/AAA.parquet"} <= names
    assert "It holds secrets (--secrets)" in said
    assert not any("control.json" in name or "pyc" in name for name in names)


def test_the_manifest_tells_hash_size_and_rows_of_each_file(project: Path) -> None:
    manifest = verified(_backup())
    files = {entry.name: entry for entry in manifest.files}
    text = (project / "live.yaml").read_bytes()
    assert files["live.yaml"].sha256 == sha256(text).hexdigest()
    assert files["live.yaml"].size == len(text)
    assert (files[JOURNAL].kind, files[JOURNAL].rows) == ("journal", len(_rows(project / JOURNAL)))
    assert set(manifest.versions) == {"slipway", "python", "sqlite"}
    assert (".env", "a secret: give --secrets to take it along") in manifest.left_out


@pytest.mark.parametrize(
    ("alert", "kept"),
    [
        ("alert: mailto://me:hush@example.com\n", False),
        ("alert:\n  url:\n    - tgram://12345hush/99\n  rate: 10/h\n", False),
        ("alert:\n- slack://hush/a\n- mailto://me@b.c\n", False),
        ("alert: {command: [curl, -H, hush, https://x.y]}\n", False),
        ("alert:\n  webhook: https://x.y/hooks/hush\n", False),
        ("alert: mailto://${USER}:${PASS}@example.com\n", True),
        ("alert: [tgram://${TOKEN}/${CHAT}/]\n", True),
        ("alert: ${ADDRESS}\n", True),
        ("notes: see https://example.com/page\n", True),
    ],
)
def test_addresses_of_alerts_are_masked_unless_they_come_from_the_environment(
    project: Path, alert: str, kept: bool
) -> None:
    text = f"strategy: mine\n{alert}mode: live  # hush is no secret here: it is no alert\n"
    text = text.replace("hush is", "this is")
    Path("live.yaml").write_text(text)
    restore(_backup(), project.parent / "other")
    found = (project.parent / "other/live.yaml").read_text()
    assert (found == text) is kept
    assert "hush" not in found
    assert "mode: live" in found
    if not kept:
        assert found.endswith(
            'alert: "***"  # masked by slipway backup, for it may hold passwords\n'
        )
        _call("backup", "--to", "../whole.tar.gz", "--secrets")
        restore(project.parent / "whole.tar.gz", project.parent / "third")
        assert (project.parent / "third/live.yaml").read_text() == text


def test_files_from_elsewhere_keep_apart(project: Path) -> None:
    for name in ("a/conf/own.yaml", "b/conf/own.yaml"):
        (project.parent / name).parent.mkdir(parents=True)
        (project.parent / name).write_text(name)
    archive = _backup("../a/conf/own.yaml", "../b/conf/own.yaml", "live.yaml")
    with tarfile.open(archive) as file:
        first = file.extractfile("elsewhere/conf/own.yaml")
        second = file.extractfile("elsewhere/2/conf/own.yaml")
        assert first is not None
        assert second is not None
        assert (first.read(), second.read()) == (b"a/conf/own.yaml", b"b/conf/own.yaml")


def test_links_are_left_out_and_told(project: Path) -> None:
    (project.parent / "private").write_text("hush")
    Path("logs/link.log").symlink_to(project.parent / "private")
    Path("logs/folder").symlink_to(project.parent)
    said = _call("backup", "--to", "../kept.tar.gz")
    assert "Left out: logs/link.log, a link to another place" in said
    assert "Left out: logs/folder, a link to another place" in said


def test_a_folder_of_backups_is_made_and_never_backed_up(project: Path) -> None:
    _call("backup")
    _call("backup")
    _call("backup", "--to", "logs")
    found = sorted(Path("backups").iterdir())
    assert len(found) == 2
    assert _mode(Path("backups")) == 0o700
    assert not any("slipway-" in name for name in _names(found[-1]))
    assert not any("slipway-" in one.name for one in choose(Path.cwd()).files)


def test_no_backup_is_overwritten(project: Path) -> None:
    before = _backup().read_bytes()
    assert "is there already." in _call("backup", "--to", "../kept.tar.gz", code=2)
    assert Path("../kept.tar.gz").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "kept.zip"], "Give a folder, or a name that ends in .tar.gz."),
        (["nowhere.yaml"], "There is no file nowhere.yaml."),
        (["--to", "live.yaml/kept.tar.gz"], "cannot be written"),
    ],
)
def test_what_cannot_be_backed_up_leaves_nothing(
    project: Path, words: list[str], said: str
) -> None:
    before = _tree(project.parent)
    assert said in _call("backup", *words, code=2)
    assert _tree(project.parent) == before


def test_an_empty_folder_has_nothing_to_back_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "There is nothing to back up" in _call("backup", code=2)
    assert not list(tmp_path.iterdir())


# journals --------------------------------------------------------------------------------------


def test_what_a_killed_session_left_in_the_wal_is_in_the_backup(project: Path) -> None:
    """Its last rows are in no main file: a plain copy would lose them."""
    code = (
        "import os, sys; from tests.unit.test_backup import leave_behind; "
        "leave_behind(sys.argv[1]); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(project)], cwd=ROOT, check=False)
    journal = project / "sessions/live-mine-2" / JOURNAL_NAME
    assert journal.with_name(f"{JOURNAL_NAME}-wal").stat().st_size > 0
    plain = project.parent / "plain.sqlite"
    plain.write_bytes(journal.read_bytes())
    done = restore(_backup(), project.parent / "other")
    found = project.parent / "other/sessions/live-mine-2" / JOURNAL_NAME
    assert "the end" in _rows(found)[-1]
    assert len(_rows(plain)) < len(_rows(found))
    assert next(e.rows for e in done.manifest.files if "live-mine" in e.name) == len(_rows(found))


def leave_behind(project: str) -> None:
    """Write a journal and do not close it."""
    folder = Path(project, "sessions/live-mine-2")
    journal = open_journal(folder / JOURNAL_NAME, Trader("U7654321", 2), lambda: 1)
    journal.append(Started(1, "live", "U*****21", 2, "Mine"))
    for number in range(50):
        journal.append(Stopped(number, f"row {number}"))
    journal.append(Stopped(99, "the end"))
    globals()["_kept"] = journal


def test_it_is_whole_while_a_session_writes(project: Path, tmp_path: Path) -> None:
    path = project / "sessions/paper-writer-1" / JOURNAL_NAME
    script = Path(__file__).with_name("journal_writer_script.py")
    writer = subprocess.Popen(
        [sys.executable, str(script), str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    counts = []
    try:
        for number in range(4):
            sent = [writer.stdout.readline().strip() for _ in range(20)]
            archive = tmp_path / f"{number}.tar.gz"
            done = _written(project, archive)
            assert writer.poll() is None
            restore(archive, tmp_path / str(number))
            rows = _rows(tmp_path / str(number) / path.relative_to(project))
            assert any(sent[-1] in row for row in rows), "what was sent before is in it"
            counts.append(len(rows))
            assert all(entry.note == "" for entry in done.manifest.files)
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    whole = _rows(path)
    assert counts == sorted(set(counts))
    assert counts[-1] < len(whole)
    last = tmp_path / "3" / path.relative_to(project)
    assert _rows(last) == whole[: counts[-1]]


def _written(project: Path, to: Path) -> Backup:
    return write_backup(choose(project), to, "2024-03-05T00:00:00Z", VERSIONS)


def test_a_damaged_journal_is_kept_as_it_is_and_told(project: Path) -> None:
    connection = sqlite3.connect(JOURNAL)
    connection.execute("DROP TRIGGER rows_stay")
    connection.execute("UPDATE rows SET body = replace(body, '100', '101') WHERE number = 3")
    connection.execute(
        "CREATE TRIGGER rows_stay BEFORE UPDATE ON rows BEGIN SELECT RAISE(ABORT, ''); END"
    )
    connection.commit()
    connection.close()
    assert "row 3 is not as it was written; the 2 rows in front of it are intact" in _call(
        "backup", "--to", "../kept.tar.gz"
    )
    Path("sessions/paper-mine-1", JOURNAL_NAME).write_bytes(b"SQLite format 3\0 and no more")
    said = _call("backup", "--to", "../again.tar.gz")
    assert "copied byte by byte" in said
    restore(Path("../again.tar.gz"), project.parent / "other")
    assert (project.parent / "other" / JOURNAL).read_bytes().endswith(b"and no more")


# putting back ----------------------------------------------------------------------------------


def test_a_restored_project_is_the_same_and_private(project: Path) -> None:
    said = _call("restore", str(_backup()), "--to", "../other")
    other = project.parent / "other"
    assert "Restored 7 files into ../other" in said
    assert "No .env is in it" in said
    assert _rows(other / JOURNAL) == _rows(project / JOURNAL)
    before, after = _tree(project), _tree(other)
    for name in set(after) - {JOURNAL}:
        assert after[name] == before[name]
    assert {_mode(path) for path in other.rglob("*") if path.is_file()} == {0o600}
    assert {_mode(path) for path in other.rglob("*") if path.is_dir()} == {0o700}
    assert not list(other.rglob("*.tmp"))
    shown = _call("journal", str(other / JOURNAL))
    assert "buy 10 AAA market DAY" in shown


def test_restoring_again_changes_nothing(project: Path) -> None:
    archive = _backup()
    _call("restore", str(archive), "--to", "../other")
    before = _tree(project.parent / "other")
    assert "Restored 0 files" in _call("restore", str(archive), "--to", "../other")
    assert _tree(project.parent / "other") == before


def test_where_everything_is_still_there_nothing_is_written(project: Path) -> None:
    assert "Restored 0 files into .; 7 were there already" in _call("restore", str(_backup()))


def test_nothing_is_overwritten_without_force(project: Path) -> None:
    archive = _backup()
    Path("live.yaml").write_text("mode: paper\n")
    Path("logs/trading.log").unlink()
    before = _tree(project)
    said = _call("restore", str(archive), code=2)
    assert "has other files of these names: live.yaml" in said
    assert _tree(project) == before
    _call("restore", str(archive), "--force")
    assert Path("live.yaml").read_text() == "strategy: mine\nmode: live\n"
    assert Path("logs/trading.log").read_text() == "a line\n"


def test_a_journal_that_is_replaced_is_kept_with_its_wal(project: Path) -> None:
    archive = _backup()
    backed_up = _rows(project / JOURNAL)
    with open_journal(project / JOURNAL, Trader("DU1234567", 1), lambda: 1) as journal:
        journal.append(Stopped(7, "later"))
    newer = _rows(project / JOURNAL)
    said = _call("restore", str(archive), "--force")
    kept = project / f"{JOURNAL}.replaced-1"
    assert f"kept as {kept}" in said
    assert _rows(project / JOURNAL) == backed_up
    assert _rows(kept) == newer
    assert len(newer) == len(backed_up) + 1


def test_a_wal_that_was_left_behind_is_not_taken_for_the_restored_journal_s(project: Path) -> None:
    archive = _backup()
    for suffix in ("-wal", "-shm"):
        Path(f"{JOURNAL}{suffix}").write_bytes(b"of another journal")
    Path(JOURNAL).unlink()
    _call("restore", str(archive), "--force")
    assert not Path(f"{JOURNAL}-wal").exists()
    assert Path(f"{JOURNAL}.replaced-1-wal").read_bytes() == b"of another journal"
    assert len(_rows(project / JOURNAL)) > 3


def test_a_journal_a_session_writes_is_never_replaced(project: Path) -> None:
    archive = _backup()
    with open_journal(project / JOURNAL, Trader("DU1234567", 1), lambda: 1) as journal:
        journal.append(Stopped(7, "later"))
        Path("live.yaml").write_text("mode: paper\n")
        said = _call("restore", str(archive), "--force", code=2)
        assert "A running session writes the journal" in said
        assert Path("live.yaml").read_text() == "mode: paper\n"
        journal.append(Stopped(8, "still there"))
    assert "still there" in _rows(project / JOURNAL)[-1]


def test_a_link_in_the_way_is_not_followed(project: Path) -> None:
    archive = _backup()
    other = project.parent / "other"
    (project.parent / "outside").mkdir()
    other.mkdir()
    (other / "logs").symlink_to(project.parent / "outside")
    assert "is a link to another place" in _call("restore", str(archive), "--to", str(other),
                                                 "--force", code=2)  # fmt: skip
    assert not list((project.parent / "outside").iterdir())
    (other / "logs").unlink()
    (other / "live.yaml").symlink_to(project.parent / "outside/new.yaml")
    _call("restore", str(archive), "--to", str(other), "--force", code=2)
    assert not list((project.parent / "outside").iterdir())


def test_a_disk_that_is_full_leaves_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _backup()
    calls = []

    def full(*parts: object) -> None:
        calls.append(parts)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        copied(*parts)  # type: ignore[arg-type]

    copied: Callable[..., None] = restoring.shutil.copyfileobj
    monkeypatch.setattr(restoring.shutil, "copyfileobj", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        restore(archive, project.parent / "other")
    assert len(calls) == 4
    assert not [path for path in (project.parent / "other").rglob("*") if path.is_file()]


# what is refused -------------------------------------------------------------------------------


def _forged(path: Path, *members: tuple[tarfile.TarInfo, bytes], manifest: object = None) -> Path:
    """An archive of any members, with a manifest that vouches for all of them."""
    told = {
        "format": FORMAT, "created": "", "versions": {},
        "files": [
            {"name": info.name, "sha256": sha256(body).hexdigest(), "size": len(body)}
            for info, body in members
        ],
    }  # fmt: skip
    text = json.dumps(told if manifest is None else manifest).encode()
    with tarfile.open(path, "w:gz") as file:
        for info, body in [*members, (tarfile.TarInfo(MANIFEST_NAME), text)]:
            info.size = len(body)
            file.addfile(info, io.BytesIO(body))
    return path


def _info(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


UNSAFE = ["../evil", "/etc/evil", "a/../../evil", "a//b", "./a", "C:evil", "a\\..\\evil", "a\nb"]


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    assert not is_safe(name)
    path = _forged(tmp_path / "evil.tar.gz", (_info(name), b"x"))
    with pytest.raises(DataError, match="no plain file below the folder"):
        restore(path, tmp_path / "in")
    assert not (tmp_path / "in").exists()
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_only_plain_files_are_taken(tmp_path: Path, kind: bytes) -> None:
    path = _forged(tmp_path / "evil.tar.gz", (_info("link", kind, "/etc/passwd"), b""))
    with pytest.raises(DataError, match="no plain file"):
        restore(path, tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_a_file_twice_or_not_in_the_manifest_is_refused(tmp_path: Path) -> None:
    twice = _forged(tmp_path / "a.tar.gz", (_info("one"), b"x"), (_info("one"), b"x"))
    with pytest.raises(DataError, match="twice"):
        restore(twice, tmp_path / "in")
    none = {"format": FORMAT, "created": "", "versions": {}, "files": []}
    unknown = _forged(tmp_path / "b.tar.gz", (_info("one"), b"x"), manifest=none)
    with pytest.raises(DataError, match="what its manifest does not: one"):
        restore(unknown, tmp_path / "in")
    lacking = {**none, "files": [{"name": "one", "sha256": "0", "size": 1}]}
    with pytest.raises(DataError, match="lacks one"):
        restore(_forged(tmp_path / "c.tar.gz", manifest=lacking), tmp_path / "in")
    newer = {**none, "format": "slipway backup 2"}
    with pytest.raises(DataError, match="Use the version of Slipway that wrote it"):
        restore(_forged(tmp_path / "d.tar.gz", manifest=newer), tmp_path / "in")
    with pytest.raises(DataError, match="no manifest that can be read"):
        restore(_forged(tmp_path / "e.tar.gz", manifest=[1]), tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_one_wrong_byte_is_found_before_anything_is_written(project: Path, tmp_path: Path) -> None:
    archive = _backup()
    with tarfile.open(archive) as file:
        members = [
            (one, (file.extractfile(one) or io.BytesIO()).read())
            for one in file.getmembers()
        ]  # fmt: skip
    manifest = json.loads(members.pop()[1])
    members = [(one, body[:-1] + b"!" if "trading" in one.name else body) for one, body in members]
    path = _forged(tmp_path / "changed.tar.gz", *members, manifest=manifest)
    with pytest.raises(DataError, match=r"logs/trading\.log is not as it was backed up"):
        restore(path, tmp_path / "in")
    assert not (tmp_path / "in").exists()
    assert "is damaged" in _call("restore", str(path), "--check", code=2)


@pytest.mark.parametrize("where", [0.0, 0.3, 0.6, 0.9])
def test_an_archive_that_was_cut_or_flipped_is_refused(
    project: Path, tmp_path: Path, where: float
) -> None:
    whole = _backup().read_bytes()
    at = int(where * len(whole))
    for number, body in enumerate(
        (whole[:at], whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    ):
        path = tmp_path / f"bad-{number}.tar.gz"
        path.write_bytes(body)
        with pytest.raises(DataError):
            restore(path, tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_a_backup_can_be_checked_alone(project: Path) -> None:
    archive = _backup()
    before = _tree(project)
    assert "is whole: 1 journals with" in _call("restore", str(archive), "--check")
    assert _tree(project) == before
    assert "There is no backup nowhere." in _call("restore", "nowhere", "--check", code=2)
