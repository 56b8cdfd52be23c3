#!/usr/bin/env python3
"""Writes what derives from errors.proto: proto/errors.md for people,
sync/base/reasons.inc and advice.inc for the code.

  proto/generate_errors.py          rewrite them
  proto/generate_errors.py --check  exit 1 if one is out of date
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


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def render():
    table = ["# Error reasons", "",
             "Generated from `proto/vouch/v1/errors.proto` by "
             "`proto/generate_errors.py`; do not edit.", "",
             "| reason | number | travels as | what happened | what to do |",
             "|---|---|---|---|---|"]
    inc = ["// Generated from proto/vouch/v1/errors.proto by",
           "// proto/generate_errors.py; do not edit.",
           "// VOUCH_REASON(enumerator, name, number, canonical code)"]
    # Apart from reasons.inc, so that a better wording rebuilds one file only.
    advice = ["// Generated from proto/vouch/v1/errors.proto by",
              "// proto/generate_errors.py; do not edit.",
              "// VOUCH_ADVICE(enumerator, what happened, what to do)"]
    for code, what, todo, name, number in rows():
        table.append(f"| `{name}` | {number} | {code} | {what} | {todo} |")
        camel = "k" + "".join(p.capitalize() for p in name.split("_"))
        status = "k" + "".join(p.capitalize() for p in code.split("_"))
        inc.append(f'VOUCH_REASON({camel}, "{name}", {number}, {status})')
        advice.append(f"VOUCH_ADVICE({camel}, {literal(what)},\n"
                      f"             {literal(todo)})")
    return {ROOT / "proto/errors.md": "\n".join(table) + "\n",
            ROOT / "sync/base/reasons.inc": "\n".join(inc) + "\n",
            ROOT / "sync/base/advice.inc": "\n".join(advice) + "\n"}


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
