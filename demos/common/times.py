"""Times the demos, for what they say about their time. For a machine that does nothing else.

    python -m demos.common.times                            all demos: smoke, tour and default
    python -m demos.common.times vae gpt --presets long     some, at other presets

Each run is a process of its own. What it said at its start stands beside what it took; times.json
then holds the latter, as seconds of the reference machine, and the next runs say that.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from demos.common.catalogue import find_demos, load_main
from demos.common.clock import TIMES, slowness
from demos.common.options import Parser
from tinygen.files import replacing


def main(argv):
    parser = Parser(prog="python -m demos.common.times", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--presets", nargs="+", default=["smoke", "tour", "default"])
    options = parser.parse_args(argv)
    demos = [name for names in find_demos().values() for name in names]
    if unknown := sorted({*options.names}.difference(demos)):
        parser.error(f"no demo is called {unknown[0]!r}")
    print(f"This machine takes {slowness():.2f} of the reference machine's time.\n"
          f"{'demo':22}{'preset':11}{'said, s':>9}{'took, s':>9}{'took / said':>13}")
    for name in options.names or demos:
        for preset in options.presets:
            if preset in load_main(name).demo.presets:
                time_run(name, preset)


def time_run(name, preset):
    """Run a demo, print a row of the table, and write its times."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-m", "demos", name, "--preset", preset, "--out",
                               folder], capture_output=True, text=True)
        if done.returncode:
            print(f"{name:22}{preset:11}  {(done.stderr or done.stdout).strip().splitlines()[-1]}")
            return
        result = json.loads(Path(folder, "result.json").read_text(encoding="utf-8"))
    said, took = result["expected_seconds"], result["seconds"]
    beside = f"{said:9.1f}{took:9.1f}{took / said:13.2f}" if said else f"{'':9}{took:9.1f}"
    print(f"{name:22}{preset:11}{beside}", flush=True)
    write_times(name, preset, result["loop_seconds"], took)


def write_times(name, preset, loops, whole):
    """Put a run's seconds, of its loops and of the whole, into times.json."""
    times = json.loads(TIMES.read_text(encoding="utf-8"))
    times.setdefault(name, {})[preset] = {
        "loops": [round(seconds / slowness(), 2) for seconds in loops],
        "rest": round((whole - sum(loops)) / slowness(), 2)}
    demos = [f'"{name}": {{\n' + ",\n".join(f'  "{preset}": {json.dumps(seconds)}'
                                            for preset, seconds in sorted(presets.items())) + "\n}"
             for name, presets in sorted(times.items())]
    with replacing(TIMES) as file:
        file.write(("{\n" + ",\n".join(demos) + "\n}\n").encode())


if __name__ == "__main__":
    main(sys.argv[1:])
