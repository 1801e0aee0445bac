"""Prints the seed of a run, whatever else pytest is told to print."""
from tests.tinygen.properties.seeds import COUNT, SEED


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"{COUNT:,} random calls of ops: TINYGEN_PROPERTIES_SEED={SEED}")
