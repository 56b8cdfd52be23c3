"""Reads mutants.toml, and plants what it says in copies of the sources."""

import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = pathlib.Path(__file__).with_name("mutants.toml")
FIELDS = {"name", "what", "file", "code", "bug", "caught"}


def load():
    """All mutants, in the order of the file; raises ValueError if it is wrong."""
    with LIST.open("rb") as listing:
        mutants = tomllib.load(listing)["mutant"]
    names = [mutant["name"] for mutant in mutants]
    if len(set(names)) != len(names):
        raise ValueError("two mutants have one name")
    for mutant in mutants:
        if set(mutant) != FIELDS:
            raise ValueError(f"{mutant['name']}: its fields are not {FIELDS}")
        if "PLANTED" not in mutant["bug"]:
            raise ValueError(f"{mutant['name']}: nothing is PLANTED")
    return mutants


def plant(file, mutants):
    """The text of `file` with those of `mutants` that belong there."""
    text = (ROOT / file).read_text()
    for mutant in mutants:
        if mutant["file"] != file:
            continue
        pattern = r"\s+".join(re.escape(word) for word in mutant["code"].split())
        found = re.findall(pattern, text)
        if len(found) != 1:
            raise ValueError(f"{mutant['name']}: its code stands {len(found)} "
                             f"times in {file}, not once")
        switch = f'::vouch::MutantPlanted("{mutant["name"]}")'
        bug = mutant["bug"].replace("PLANTED", switch)
        text = re.sub(pattern, lambda _: bug, text)
    return '#include "tests/mutants/mutant.h"\n' + text
