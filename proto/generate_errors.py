#!/usr/bin/env python3
"""Writes proto/errors.md and sync/base/reasons.inc from errors.proto.

  proto/generate_errors.py          rewrite both
  proto/generate_errors.py --check  exit 1 if either is out of date
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "proto/vouch/v1/errors.proto"


def rows():
    text = SOURCE.read_text()
    pattern = re.compile(
        r"// \[(\w+)\] ([^\n]*?) Do: ([^\n]*)\n\s*ERROR_REASON_(\w+) = (\d+);")
    found = pattern.findall(text)
    values = re.findall(r"^\s*ERROR_REASON_(\w+) = (\d+);", text, re.M)
    if len(found) != len(values):
        sys.exit("errors.proto: a reason lacks its '[CODE] … Do: …' comment")
    return found


def render():
    table = ["# Error reasons", "",
             "Generated from `proto/vouch/v1/errors.proto` by "
             "`proto/generate_errors.py`; do not edit.", "",
             "| reason | number | travels as | what happened | what to do |",
             "|---|---|---|---|---|"]
    inc = ["// Generated from proto/vouch/v1/errors.proto by",
           "// proto/generate_errors.py; do not edit.",
           "// VOUCH_REASON(enumerator, name, number, canonical code)"]
    for code, what, todo, name, number in rows():
        table.append(f"| `{name}` | {number} | {code} | {what} | {todo} |")
        camel = "k" + "".join(p.capitalize() for p in name.split("_"))
        status = "k" + "".join(p.capitalize() for p in code.split("_"))
        inc.append(f'VOUCH_REASON({camel}, "{name}", {number}, {status})')
    return {ROOT / "proto/errors.md": "\n".join(table) + "\n",
            ROOT / "sync/base/reasons.inc": "\n".join(inc) + "\n"}


def main():
    stale = [p for p, t in render().items()
             if not p.exists() or p.read_text() != t]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)}: out of date; run "
                  "proto/generate_errors.py")
        sys.exit(1 if stale else 0)
    for path, text in render().items():
        path.write_text(text)


main()
