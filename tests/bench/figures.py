"""The lines that `vouch-bench --json` prints, read back."""
import json
import subprocess


def parse(text):
    """Of each name the last line, in the order in which they first came."""
    figures = {}
    for line in text.splitlines():
        if line.strip():
            figure = json.loads(line)
            figures[figure["name"]] = figure
    return figures


def run(program, *arguments, seconds_max):
    """The figures of one run. Raises if it fails or takes too long."""
    done = subprocess.run([program, "--json", *arguments],
                          stdout=subprocess.PIPE, text=True,
                          timeout=seconds_max, check=True)
    return parse(done.stdout)
