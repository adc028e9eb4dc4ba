"""The terminal report: complete, 80 columns, plain where there is no terminal."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from framework.backtest.record import OrderRecord
from framework.domain.events import CashFlow, CashFlowKind, Halt, Refused, Trip
from framework.domain.orders import Order, OrderStatus, OrderType, Side
from framework.research.compare import Comparison, Difference, Parting, compare_runs
from framework.research.files import Provenance, write_run
from framework.research.report import print_comparison, print_note, print_result
from framework.research.results import Result, result_of
from tests.unit.records import bars_of, fill_of, record_of, stop_of

BARS = bars_of([100, 102, 104, 110, 108, 90, 95, 96])


def result(price: float = 100.0, **changes: object) -> Result:
    entry = fill_of(BARS, 1, 100, price)
    record = record_of(BARS, [entry, fill_of(BARS, 3, -100)], orders=[stop_of(entry, stop=90.0)])
    return result_of(
        replace(record, **changes),
        strategy="SmaCross",
        parameters=[("fast", "10"), ("slow", "30")],
        settings=[("sizer", "95 % of equity"), ("a long one", "word " * 40)],
    )


def shown(print_it, subject: object, width: int = 80) -> str:
    out = StringIO()
    print_it(subject, Console(file=out, width=width))
    return out.getvalue()


def line_of(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if label in line)


def test_strategy_and_buy_and_hold_stand_side_by_side() -> None:
    text = shown(print_result, result())
    assert line_of(text, "Total return").split() == ["Total", "return", "0.40", "%", "-4.00", "%"]
    assert line_of(text, "Closed trades").split()[:3] == ["Closed", "trades", "1"]
    assert "n/a" in line_of(text, "Profit factor")
    assert "SmaCross(fast=10, slow=30) on AAA" in text
    assert "2020-01-02 to 2020-01-09, 8 bars of 1d" in text
    assert "Risk-free rate 0 % a year" in text
    assert "price return, without dividends" in " ".join(text.split())
    assert line_of(text, "sizer").split(maxsplit=1)[1].strip() == "95 % of equity"


def test_no_line_is_wider_than_80_columns_and_none_is_cut() -> None:
    refusal = Refused(0, "AAA", Side.BUY, 1.0, 1.0, "a_rule_with_quite_a_name", "no")
    crowded = result(refused=(refusal,) * 12_345, warnings=("a long warning " * 12,))
    for width in (80, 200):
        text = shown(print_result, crowded, width)
        assert max(len(line) for line in text.splitlines()) <= 80
        assert "…" not in text
    assert "12,345" in line_of(text, "a_rule_with_quite_a_name")


def test_a_title_longer_than_its_table_stays_in_one_line() -> None:
    flow = CashFlow("", CashFlowKind.INTEREST, 12.5, int(BARS.close_time[2]))
    lines = shown(print_result, result(flows=(flow,))).splitlines()
    at = lines.index("Dividends, interest and margin")
    assert lines[at - 1].strip() == ""
    assert lines[at + 1].split() == ["Interest", "12.50"]


def test_a_parameter_without_a_value_is_not_in_the_headline() -> None:
    plain = replace(result(), parameters=(("fast", "10"), ("sizer", "")))
    assert shown(print_result, plain).startswith("SmaCross(fast=10) on AAA")


def test_no_colour_codes_when_it_is_not_a_terminal() -> None:
    assert "\x1b" not in shown(print_result, result(warnings=("careful",)))


def test_what_must_not_be_overlooked_is_there() -> None:
    whole = result()
    stuck = replace(whole.record.orders[-1], status=OrderStatus.WORKING)
    text = shown(
        print_result,
        result(
            error="line 12 raised ZeroDivisionError",
            trips=(Trip("daily_loss", "lost 3 %", Halt.RUN),),
            warnings=("[prices] look raw",),
            orders=(stuck,) * 7,
        ),
    )
    for part in (
        "Cut short: line 12 raised ZeroDivisionError",
        "Breaker daily_loss tripped: lost 3 %",
        "[prices] look raw",
    ):
        assert part in text


def test_orders_left_over_are_described_and_protection_of_a_position_is_none() -> None:
    def left(kind: OrderType, filled: float = 0.0, **prices: float) -> OrderRecord:
        order = Order("X-1", "AAA", Side.BUY, 10.0, kind, 0, 100.0, **prices)  # type: ignore[arg-type]
        return OrderRecord(order, OrderStatus.WORKING, "", filled, 0.0, 0, 0.0, 0.0)

    stop = replace(result().record.orders[-1], status=OrderStatus.WORKING)
    assert "Still working" not in shown(print_result, result(orders=(stop,)))
    orders = (
        stop,
        left(OrderType.LIMIT, limit=95.0),
        left(OrderType.STOP_LIMIT, filled=4.0, stop=105.5, limit=1.08345),
        left(OrderType.MARKET),
    )
    text = " ".join(shown(print_result, result(orders=orders)).replace("!", "").split())
    assert (
        "Still working when the data ended: limit buy 10 AAA at 95.00; "
        "stop limit buy 6 of 10 AAA at 105.50, limit 1.08345; market buy 10 AAA"
    ) in text
    crowded = shown(print_result, result(orders=(orders[1],) * 7))
    assert "and 2 more" in crowded


def test_synthetic_bars_are_called_so() -> None:
    made_up = result(bars=(replace(BARS, synthetic=True),))
    assert "synthetic" in shown(print_result, made_up)


def test_a_run_without_bars_prints() -> None:
    assert "no bars" in shown(print_result, result(stop=0, fills=()))


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    hashes = Provenance("1", "2", "3", "0.1")
    one = write_run(result(), tmp_path / "one", "fast: 10\n", hashes)
    return one, write_run(result(101.0), tmp_path / "two", "fast: 20\n", hashes)


def test_a_comparison_shows_settings_figures_and_the_first_parting(runs) -> None:
    text = shown(print_comparison, compare_runs(*runs))
    assert line_of(text, "fast").split() == ["fast", "10", "20"]
    assert line_of(text, "final equity").split()[2:] == ["100,398.00", "100,298.00", "-100.00"]
    assert "trades.csv: first difference in row 1" in text
    assert line_of(text, "entry_price").split() == ["entry_price", "100", "101"]
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_comparison_is_short_where_the_two_stay_different() -> None:
    cells = (
        Difference("hash of data", "a" * 64, "b" * 64),
        Difference("hash of code", "a" * 63 + "b", "a" * 64),
        Difference("profit", "1234.5678901", "-7.1"),
        Difference("price", "1.0834512", "1.0834998"),
        Difference("fee", "-", "0.123456789"),
        Difference("entry_time", "2020-01-02", "2020-01-03"),
    )
    parting = Parting("trades.csv", 1, cells)
    text = shown(print_comparison, Comparison(Path("a"), Path("b"), cells, (), (parting,)))
    for label, values in (
        ("hash of data", ["a" * 12, "b" * 12]),
        ("profit", ["1234.57", "-7.1"]),
        ("price", ["1.083451", "1.0835"]),
        ("fee", ["-", "0.12"]),
        ("entry_time", ["2020-01-02", "2020-01-03"]),
    ):
        assert line_of(text, label).removeprefix(label).split() == values
    assert "a" * 20 in line_of(text, "hash of code")


def test_identical_runs_are_called_so(runs) -> None:
    assert "identical" in shown(print_comparison, compare_runs(runs[0], runs[0]))


def test_a_note_is_wrapped_under_its_mark() -> None:
    lines = shown(print_note, "a longish remark " * 10, 120).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert [line[:2] for line in lines] == ["· ", "  ", "  "]


def test_many_trips_do_not_bury_the_other_warnings() -> None:
    trips = tuple(Trip("daily_loss", f"lost {n} %", Halt.SESSION) for n in range(1, 1_008))
    text = shown(print_result, result(trips=trips))
    assert "lost 5 %" in text
    assert "lost 6 %" not in text
    assert "1,002 more trips of breakers are in summary.json." in text
