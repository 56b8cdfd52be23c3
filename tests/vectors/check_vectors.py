"""Checks every golden vector with the second decoder, decode.py.

  check_vectors.py DIRECTORY               exit 1 unless every vector checks out
  check_vectors.py DIRECTORY --self-test   exit 1 unless every altered one fails
"""
import copy
import json
import pathlib
import sys

import decode as d
from decode import Refused, need

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def same(found, wanted, what):
    """Compares what was decoded with the JSON that describes it."""
    if isinstance(found, dict):
        for key in found:
            if key in wanted:
                same(found[key], wanted[key], f"{what}.{key}")
    elif isinstance(found, (list, tuple)):
        need(len(found) == len(wanted), what)
        for i, (a, b) in enumerate(zip(found, wanted)):
            same(a, b, f"{what}[{i}]")
    elif isinstance(wanted, bool):
        need(bool(found) == wanted, what)
    elif isinstance(found, bytes):
        need(found.hex() == wanted, what)
    elif found is None:
        need(wanted == "", what)
    else:
        need(str(found) == wanted, what)


def refuse(items, read):
    for item in items:
        try:
            read(item)
        except Refused:
            continue
        raise Refused("accepted: " + item["why"])


def unhex(item, *names):
    return [bytes.fromhex(item[name]) for name in names]


def read_varint(data):
    r = d.Reader(data)
    value = r.varint()
    r.done()
    return value


def primitives(v):
    for item in v["varints"]:
        same(read_varint(bytes.fromhex(item["bytes"])), item["value"], "varint")
        same(d.varint(int(item["value"])), item["bytes"], "varint")
    for item in v["svarints"]:
        r = d.Reader(bytes.fromhex(item["bytes"]))
        same(r.svarint(), item["value"], "svarint")
        same(d.svarint(int(item["value"])), item["bytes"], "svarint")
    refuse(v["refused"], lambda i: read_varint(bytes.fromhex(i["bytes"])))
    for item in v["scopes"]:
        scope = bytearray.fromhex(item["owner"])
        scope[6] = scope[6] & 0x0f | int(item["kind"]) << 4
        same(bytes(scope), item["scope"], "scope")
    for item in v["keyed_records"]:
        record = bytearray(d.tagged(
            "vouch.record.v1",
            int(item["kind"]).to_bytes(4, "big") + bytes.fromhex(item["key"])))
        record[6] = record[6] & 0x0f | 0x80
        record[8] = record[8] & 0x3f | 0x80
        same(bytes(record[:16]), item["record"], "keyed record")
    seed, public, device = unhex(v["device"], "seed", "public_key", "device_id")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    need(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) ==
         public, "public key")
    need(d.sha(public)[:16] == device, "device id")
    data, signature = unhex(v["signature"], "bytes", "signature")
    d.signed(public, v["signature"]["tag"], data, signature)


def cores(v):
    for item in v["accepted"]:
        data = bytes.fromhex(item["core"])
        core = d.read_core(data)
        same(core, item, item["name"])
        need(d.write_core(core) == data, "core is not canonical")
        same(d.change_hash(data), item["hash"], "change hash")
    refuse(v["refused"], lambda i: d.read_core(bytes.fromhex(i["bytes"])))


def payloads(v):
    for item in v["accepted"]:
        salt, payload = unhex(item, "salt", "payload")
        same(d.tagged("vouch.payload.v1", salt + payload), item["commitment"],
             "commitment")
        values = d.read_payload(payload)
        if values is not None:
            same(values, item["values"], item["name"])
    refuse(v["refused"], lambda i: d.read_payload(bytes.fromhex(i["bytes"])))


def segments(v):
    for item in v["accepted"]:
        chain = {int(seq): bytes.fromhex(h) for seq, h in item["chain"].items()}
        head, changes = d.read_segment(bytes.fromhex(item["wire"]), chain)
        same(head, item, item["name"])
        same(changes, item["changes"], item["name"])
        for change in changes:
            d.read_core(change["core"])
    refuse(v["refused"],
           lambda i: d.read_segment(bytes.fromhex(i["bytes"]), {}))


def log(v):
    for item in v["accepted"]:
        data = bytes.fromhex(item["entry"])
        same(d.read_entry(data), item, item["name"])
        same(d.leaf_hash(data), item["leaf_hash"], "leaf hash")
        same(d.scope_head(data), item["scope_head"], "scope head")
    refuse(v["refused"], lambda i: d.read_entry(bytes.fromhex(i["bytes"])))
    for c in (v["segment_commit"], v["recommitted"], v["reinstated"]):
        commit, scope, history, key, ack = unhex(
            c, "commit", "scope", "history", "centre_key", "ack")
        first, entries, head = d.entries_of(
            commit, scope, [bytes.fromhex(h) for h in c["changes"]])
        same(entries, c["entries"], "entries")
        same(head, c["scope_head"], "scope head")
        leaves = d.root([d.leaf_hash(e) for e in entries])
        body = (b"\1" + history + d.varint(first) + d.varint(len(entries)) + leaves)
        same(body, c["ack_signed"], "ack")
        d.signed(key, "vouch.ack.v1", body, ack)
    t = v["tree_head"]
    same(d.read_tree_head(*unhex(t, "tree_head", "centre_key")), t, "tree head")
    s = v["stable_head"]
    same(d.read_stable_head(*unhex(s, "stable_head", "centre_key")), s,
         "stable head")


def merkle(v):
    leaves = [d.leaf_hash(bytes.fromhex(leaf)) for leaf in v["leaves"]]
    for size, wanted in enumerate(v["roots"]):
        same(d.root(leaves[:size]), wanted, f"root of {size}")
        peaks = b"".join(d.subtrees(leaves, 0, size))
        same(b"\1" + d.varint(size) + peaks, v["compact_ranges"][size],
             f"compact range of {size}")
    for p in v["inclusion"]:
        same(d.inclusion(leaves[:int(p["size"])], int(p["index"])), p["proof"],
             "inclusion")
    for p in v["consistency"]:
        begin, end = int(p["from"]), int(p["to"])
        same(d.consistency(leaves[:end], begin), p["proof"], "consistency")
        same(d.subtrees(leaves, begin, end), p["skipped"], "skipped subtrees")


def sealed(v):
    for item in v["accepted"]:
        same(d.unseal(*unhex(item, "key", "context", "sealed")), item["plain"],
             "plain")
    refuse(v["refused"],
           lambda i: d.unseal(*unhex(i, "key", "context", "bytes")))


def names(heads):
    """§6: names of values, each once and in order, as every hash takes them."""
    pairs = sorted((bytes.fromhex(h), int(n)) for h, n in heads)
    return b"".join(h + d.varint(n) for h, n in pairs)


def fold(v):
    for item in v["records"]:
        changes = {}
        for c in item["changes"]:
            data = bytes.fromhex(c["core"])
            changes[d.change_hash(data)] = (d.read_core(data), c)
        record = {core["record"] for core, _ in changes.values()}
        need(len(record) == 1, "one record")
        heads = names([h for f in item["fields"] for h in f["heads"]] +
                      item["ledger_heads"])
        same(d.tagged("vouch.content.v1", heads), item["content_digest"],
             "content digest")
        state = record.pop() + bytes([int(item["state"])])
        state += d.varint(len(changes))
        for h in sorted(changes):
            c = changes[h][1]
            state += (h + bytes([c["quarantined"]]) +
                      d.varint(int(c["reason"])))
        same(d.tagged("vouch.record-state.v1", state + heads),
             item["state_hash"], "state hash")
        for conflict in item["conflicts"]:
            same(d.tagged("vouch.conflict.v1", names(conflict["heads"])),
                 conflict["version"], "conflict version")
        for field in item["fields"]:
            check_field(field, changes)
        for h in item["held"] + item["late_amendments"]:
            need(bytes.fromhex(h) in changes, "a change that is not there")
    running = d.ZERO
    for record, state in v["scope"]["records"]:
        running = d.tagged("vouch.scope-state.v1", running +
                           bytes.fromhex(record) + bytes.fromhex(state))
    same(running, v["scope"]["scope_state"], "scope state")


def check_field(field, changes):
    values, picks = set(), []
    for h, number in field["heads"]:
        core, change = changes[bytes.fromhex(h)]
        op = core["operations"][int(number)]
        same(op["element"], field["element"], "element")
        values.add(change["values"][op["part"]])
        picks.append((core["hlc"], bytes.fromhex(h)))
    need(picks == sorted(picks, reverse=True), "the pick is first")
    need((len(values) > 1) == field["contested"], "contested")


CHECKS = {"primitives.json": primitives, "core.json": cores,
          "payload.json": payloads, "segment.json": segments, "log.json": log,
          "merkle.json": merkle, "sealed.json": sealed, "fold.json": fold}

# What no hash or signature of ours covers, so that altering it shows nothing.
FREE = {"name", "why", "refused", "kind", "held", "late_amendments", "values"}


def places(value, path=()):
    """Where a vector holds bytes or numbers that must all count."""
    items = (value.items() if isinstance(value, dict) else
             enumerate(value) if isinstance(value, list) else ())
    for key, inner in items:
        if key in FREE:
            continue
        if isinstance(inner, str) and inner:
            yield path + (key,)
        else:
            yield from places(inner, path + (key,))


def alter(vectors, path):
    altered = copy.deepcopy(vectors)
    at = altered
    for key in path[:-1]:
        at = at[key]
    text = at[path[-1]]
    # The last digit: of another value in decimal and in hexadecimal.
    at[path[-1]] = text[:-1] + ("1" if text[-1] != "1" else "2")
    return altered


def unnoticed(check, vectors):
    for path in places(vectors):
        try:
            check(alter(vectors, path))
        except (Refused, ValueError, KeyError, IndexError):
            continue
        yield path


def main():
    directory = pathlib.Path(sys.argv[1])
    failures = count = 0
    for name, check in CHECKS.items():
        vectors = json.loads((directory / name).read_text())
        if sys.argv[2:] == ["--self-test"]:
            count += sum(1 for _ in places(vectors))
            for path in unnoticed(check, vectors):
                failures += 1
                print(f"{name}: altered and not noticed: {path}")
            continue
        count += 1
        try:
            check(vectors)
        except Refused as why:
            failures += 1
            print(f"{name}: {why}")
    print(f"{count} checked, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
