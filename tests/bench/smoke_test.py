"""That each benchmark runs and that its lines have the shape that .ci reads.

  smoke_test.py VOUCH_BENCH VOUCH_GENERATE

No figure is judged: nothing here is timed.
"""
import json
import subprocess
import sys

FIELDS = {
    "name": str,
    "value": (int, float),
    "unit": str,
    "baseline": (int, float, type(None)),
    "baseline_is": str,
    "ratio": (int, float, type(None)),
    "target": (int, float, type(None)),
    "target_is": str,
    "met": (bool, type(None)),
    "parameters": dict,
}
# One at least of each family.
WANTED = {"save.new.p50", "save.edit.p99", "ingest.one_device",
          "ingest.one_device_edits", "pull.verified", "apply", "idle.bytes",
          "idle.round_trips", "idle.50.memory", "incremental.1000.time",
          "incremental.1000.bytes", "fleet.8x50.rate", "fleet.8x50.cpu",
          "latency.idle.p50", "latency.busy.p99", "reconnect.500",
          "wire.record", "wire.edit_overhead"}
SECONDS_MAX = 280


def check(line):
    result = json.loads(line)
    assert list(result) == list(FIELDS), result
    for name, kind in FIELDS.items():
        assert isinstance(result[name], kind), (name, result)
    assert result["value"] > 0, result
    # A ratio wherever there is a baseline; a verdict wherever a target.
    assert (result["ratio"] is None) == (result["baseline"] is None), result
    assert (result["met"] is None) == (result["target"] is None), result
    return result["name"]


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          timeout=SECONDS_MAX, check=True).stdout


def main():
    bench, generate = sys.argv[1:]
    lines = output_of(bench, "--quick", "--json").splitlines()
    names = {check(line) for line in lines}
    assert WANTED <= names, sorted(WANTED - names)
    # What its help promises: the same seed, the same bytes.
    assert "--seed" in output_of(generate, "--help")
    made = output_of(generate, "--seed", "7", "--records", "20")
    assert made == output_of(generate, "--seed", "7", "--records", "20")
    assert len(made.splitlines()) == 20
    for line in made.splitlines():
        assert set(json.loads(line)) == {"kind", "record"}, line
    print(f"{len(names)} figures, all of one shape")


if __name__ == "__main__":
    main()
