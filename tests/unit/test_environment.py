"""A broker's settings from `.env`, the process and flags: what wins, is refused, is shown."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

import framework
from framework.config.dotenv import parse_dotenv
from framework.config.environment import NAMES, Given, Mode, find_env_file, ib_access
from framework.config.masks import masked, masked_text
from framework.errors import ConfigError
from framework.session.masking import MaskedRecords

LIVE = {"IB_LIVE_ACCOUNT": "U1234567"}


def env(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / ".env"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


# values and where they come from -------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "gateway", "port", "client_id"),
    [
        (Mode.PAPER, "", 7497, 1),
        (Mode.PAPER, "true", 4002, 1),
        (Mode.LIVE, "no", 7496, 2),
        (Mode.LIVE, "1", 4001, 2),
    ],
)
def test_defaults_follow_mode_and_program(
    mode: Mode, gateway: str, port: int, client_id: int
) -> None:
    access = ib_access(mode, LIVE | {f"IB_{mode.upper()}_USE_GATEWAY": gateway})
    assert (access.host, access.port, access.client_id) == ("127.0.0.1", port, client_id)
    assert access.program == ("IB Gateway" if gateway in ("true", "1") else "TWS")


def test_flags_win_over_the_process_and_that_over_the_file(tmp_path: Path) -> None:
    file = env(
        tmp_path,
        "IB_PAPER_HOST=file\nIB_PAPER_PORT=1001\nIB_PAPER_CLIENT_ID=11\nIB_PAPER_ACCOUNT=DU1\n",
    )
    process = {"IB_PAPER_PORT": "1002", "IB_PAPER_CLIENT_ID": "12"}
    access = ib_access(Mode.PAPER, process, file, Given(client_id=13))
    found = (access.host, access.port, access.client_id, access.account)
    assert found == ("file", 1002, 13, "DU1")
    flags = ib_access(Mode.PAPER, process, file, Given("flag", 1003, None, "DU2"))
    assert (flags.host, flags.port, flags.client_id, flags.account) == ("flag", 1003, 12, "DU2")


def test_an_empty_value_of_the_process_hides_that_of_the_file(tmp_path: Path) -> None:
    file = env(tmp_path, "IB_PAPER_ACCOUNT=DU1234567\nIB_PAPER_PORT=1001\n")
    access = ib_access(Mode.PAPER, {"IB_PAPER_ACCOUNT": "", "IB_PAPER_PORT": " "}, file)
    assert (access.account, access.port) == ("", 7497)


def test_each_mode_reads_its_own_names() -> None:
    both = LIVE | {"IB_PAPER_PORT": "1", "IB_LIVE_PORT": "2"}
    assert ib_access(Mode.PAPER, both).port == 1
    assert ib_access(Mode.LIVE, both).port == 2
    assert ib_access(Mode.PAPER, both).account == ""


def test_a_live_account_is_never_guessed() -> None:
    with pytest.raises(ConfigError, match=r"never guessed.*--account U.*IB_LIVE_ACCOUNT"):
        ib_access(Mode.LIVE, {"IB_PAPER_ACCOUNT": "DU1234567"})
    assert ib_access(Mode.LIVE, {}, None, Given(account="U7654321")).account == "U7654321"


def test_the_example_file_is_read_and_holds_the_defaults(tmp_path: Path) -> None:
    example = Path(framework.__file__).parents[1] / ".env.example"
    file = env(tmp_path, example.read_text("utf-8"))
    assert set(parse_dotenv(file.read_text(), "x")) == set(NAMES)
    paper = ib_access(Mode.PAPER, {}, file)
    assert (paper.port, paper.client_id, paper.account) == (7497, 1, "")
    live = ib_access(Mode.LIVE, {}, file, Given(account="U1234567"))
    assert (live.port, live.client_id) == (7496, 2)


def test_the_working_directory_has_the_first_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = env(tmp_path, "")
    assert find_env_file() == file


# refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", r"IB_PAPER_PORT is 'abc'.*1 to 65535"),
        ("PORT", "70000", r"'70000'"),
        ("PORT", "-1", r"'-1'"),
        ("PORT", "\N{ARABIC-INDIC DIGIT ONE}", r"whole number"),
        ("CLIENT_ID", "0", r"takes over what is typed into TWS by hand"),
        ("CLIENT_ID", "2147483648", r"whole number from 0 to 2147483647"),
        ("HOST", "http://localhost", r"name or an address alone"),
        ("HOST", "a b", r"name or an address alone"),
        ("USE_GATEWAY", "ja", r"true or false"),
    ],
)
def test_a_value_that_cannot_be_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ib_access(Mode.PAPER, {f"IB_PAPER_{name}": value})


def test_an_account_that_is_none_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match="IB_PAPER_ACCOUNT is no account id") as caught:
        ib_access(Mode.PAPER, {"IB_PAPER_ACCOUNT": "DU987 6543"})
    assert "6543" not in str(caught.value)


def test_a_value_of_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = env(tmp_path, "# first\nIB_PAPER_PORT=x\n")
    with pytest.raises(ConfigError, match=r"IB_PAPER_PORT \(.*\.env, line 2\) is 'x'"):
        ib_access(Mode.PAPER, {}, file)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("IB_PAPER_PROT", "IB_PAPER_PORT"),
        ("IB_LIVE_CLIENTID", "IB_LIVE_CLIENT_ID"),
        ("ib_paper_account", "IB_PAPER_ACCOUNT"),
        ("IBPAPER_HOST", "IB_PAPER_HOST"),
        ("IB_HOST", ""),
    ],
)
def test_a_misspelt_name_of_the_file_is_refused(tmp_path: Path, name: str, meant: str) -> None:
    file = env(tmp_path, f"{name}=secret\n")
    with pytest.raises(ConfigError, match=f"line 1: there is no setting {name}") as caught:
        ib_access(Mode.PAPER, {}, file)
    assert not meant or f"Did you mean '{meant}'?" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_misspelt_name_of_the_process_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'IB_LIVE_PORT'"):
        ib_access(Mode.PAPER, {"IB_LIVE_PROT": "1"})


def test_names_of_others_are_their_own_business(tmp_path: Path) -> None:
    file = env(tmp_path, "AWS_KEY=abc\nPORT=1\n")
    assert ib_access(Mode.PAPER, {"IB_GATEWAY_HOME": "x", "HOST": "y"}, file).port == 7497


# privacy -------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_others_may_use_is_refused_for_live_and_warned_of_for_paper(
    tmp_path: Path, mode: int
) -> None:
    file = env(tmp_path, "IB_LIVE_ACCOUNT=U1234567\n", mode)
    with pytest.raises(ConfigError, match=rf"mode {mode:o}\)\. Make it yours alone: chmod 600"):
        ib_access(Mode.LIVE, {}, file)
    (warning,) = ib_access(Mode.PAPER, {}, file).warnings
    assert "chmod 600" in warning


def test_a_private_file_is_no_matter(tmp_path: Path) -> None:
    file = env(tmp_path, "IB_LIVE_ACCOUNT=U1234567\n")
    assert ib_access(Mode.LIVE, {}, file).warnings == ()


def test_no_repr_shows_an_account(tmp_path: Path) -> None:
    file = env(tmp_path, "IB_LIVE_ACCOUNT=U1234567\nOTHER='password'\n")
    shown = repr(ib_access(Mode.LIVE, {}, file)) + repr(parse_dotenv(file.read_text(), "x"))
    assert "U1234567" not in shown
    assert "password" not in shown
    assert "U*****67" in shown


# the file itself -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  A  =  b  ", "b"),
        ("export A=b", "b"),
        ("A=", ""),
        ("A=    # nothing", ""),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A='b # c'", "b # c"),
        ("A='b' # c", "b"),
        ('A="b \\" c"', 'b " c'),
        ('A="b\\\\"', "b\\"),
        ("A='b\\n'", "b\\n"),
        ("A=$HOME", "$HOME"),
        ("A=b=c", "b=c"),
        ("A=b\r", "b"),
    ],
)
def test_a_line_is_read(line: str, value: str) -> None:
    assert parse_dotenv(f"# head\n\n{line}\n", ".env")["A"].value == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A=1\nsecret-word", r"\.env, line 2 is no NAME=VALUE"),
        ("A B=secret-word", r"\.env, line 1 is no NAME=VALUE"),
        ("1A=secret-word", r"\.env, line 1: '1A' is no name"),
        ("A=1\n\nA=secret-word", r"line 3: A is there already, in line 1"),
        ("A='secret-word", r"line 1: the quotes around the value do not end"),
        ('A="secret-word" more', r"line 1: the quotes around the value do not end"),
        ("=secret-word", r"line 1 is no NAME=VALUE"),
    ],
)
def test_a_broken_line_is_named_and_its_value_not(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        parse_dotenv(text, ".env")
    assert "secret-word" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere cannot be read: No such file"):
        ib_access(Mode.PAPER, {}, tmp_path / "nowhere")
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        ib_access(Mode.PAPER, {}, tmp_path / ".env")
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfIB_PAPER_PORT=1\r\n")
    assert ib_access(Mode.PAPER, {}, tmp_path / ".env").port == 1


# masks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("U1234567", "U*****67"),
        ("DU1234567", "DU*****67"),
        ("DUM123456", "DUM****56"),
        ("ABCDEFGH", "AB****GH"),
        ("", ""),
    ],
)
def test_an_account_is_masked_alike_everywhere(account: str, shown: str) -> None:
    assert masked(account) == shown
    assert masked_text(f"of {account}.", [account]) == f"of {shown}."


def test_what_looks_like_an_account_is_masked_without_being_known() -> None:
    text = "U1234567, DU7654321 and F1234567; not SPY240315 nor order U12345678-1"
    assert "U1234567," not in masked_text(text)
    assert "SPY240315" in masked_text(text)
    assert masked_text("XXU1234567", ["U1234567"]) == "XXU1234567"


def test_a_log_shows_no_account() -> None:
    rule = MaskedRecords(["ABCDEFGH"])
    try:
        raise ValueError("U1234567 it was")
    except ValueError:
        info = sys.exc_info()
    record = logging.LogRecord("x", 20, "x", 1, "%s and %s", ("U1234567", "ABCDEFGH"), info)
    assert rule.filter(record)
    text = logging.Formatter().format(record)
    assert "U*****67 and AB****GH" in text
    assert "U1234567" not in text
