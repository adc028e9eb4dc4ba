"""One measurement: `python -m tests.benchmarks.program NAME WORKLOAD BARS`, a line of JSON out."""

from time import perf_counter

STARTED = perf_counter()


def main(name: str, workload: str, bars: int) -> None:
    """Run one program on one workload, and print what it took and what it answered."""
    from importlib import import_module

    from tests.benchmarks.workloads import Task

    program = import_module(f"tests.benchmarks.{name}").PROGRAM
    task = Task(workload, bars, program.gapless)
    warm = Task(workload, bars, program.gapless, seed=1000) if program.compiles else task
    run = program.prepare[workload](warm)
    began = perf_counter()
    outcome = run()
    done = perf_counter()
    first_s = run_s = done - began
    process_s = done - STARTED
    if program.compiles:
        run = program.prepare[workload](task)
        began = perf_counter()
        outcome = run()
        run_s = perf_counter() - began
    least_s = 0.0
    if workload in (program.least or {}):
        run = program.least[workload](task)
        run()
        began = perf_counter()
        run()
        least_s = perf_counter() - began

    from tests.benchmarks.machine import peak_mb
    from tests.benchmarks.outcome import Line

    line = Line(
        program=name,
        version=program.version,
        workload=workload,
        bars=bars,
        gapless=program.gapless,
        run_s=run_s,
        least_s=least_s,
        first_s=first_s,
        process_s=process_s,
        peak_mb=peak_mb(),
        trades=outcome.trades,
        profits=outcome.profits,
    )
    print(line.text(), flush=True)


if __name__ == "__main__":
    import sys

    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
