"""A second decoder of everything signed or stored, written from sync/README.md.

Section numbers are those of the page. Standard library and cryptography alone;
zstd is not among them, so of compressed payloads only the commitment is checked.
check_vectors.py runs it over the golden vectors.
"""
import hashlib

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

ZERO = bytes(32)


class Refused(Exception):
    """The bytes are not what the page allows."""


def need(condition, why):
    if not condition:
        raise Refused(why)


# §2: primitives.

class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        need(self.at + size <= len(self.data), "truncated")
        self.at += size
        return self.data[self.at - size:self.at]

    def u8(self):
        return self.raw(1)[0]

    def u64(self):
        return int.from_bytes(self.raw(8), "big")

    def varint(self):
        value = 0
        for place in range(10):
            byte = self.u8()
            value |= (byte & 0x7f) << (7 * place)
            if byte < 0x80:
                need(byte != 0 or place == 0, "varint: not the shortest form")
                need(value < 1 << 64, "varint: over 64 bits")
                return value
        raise Refused("varint: too long")

    def svarint(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def prefixed(self):
        return self.raw(self.varint())

    def count(self, maximum):
        value = self.varint()
        need(value <= maximum, "too many")
        return value

    def done(self):
        need(self.at == len(self.data), "trailing bytes")


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def svarint(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def wrap(value):
    """To 64 bits, two's complement: what differences are taken in (§4)."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def sha(data):
    return hashlib.sha256(data).digest()


def tagged(tag, data):
    return sha(tag.encode() + b"\0" + data)


def signed(key, tag, data, signature):
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(
            signature, tag.encode() + b"\0" + data)
    except InvalidSignature:
        raise Refused("signature of " + tag) from None


# §3: change core, payload, commitment.

def unique(hashes):
    return list(dict.fromkeys(hashes))


def references(core):
    return unique(core["frontier"] + core["relies_on"] +
                  [change for op in core["operations"]
                   for change, _ in op["replaces"]])


def read_operation(r, table):
    op = {"merge_class": r.varint()}
    need(0 < op["merge_class"] < 1 << 32, "merge class")
    op["path"] = [r.varint() for _ in range(r.count(16))]
    need(all(0 < f < 1 << 29 for f in op["path"]), "field number")
    flags = r.u8()
    need(flags < 8, "operation flags")
    op["element"] = r.raw(16) if flags & 1 else None
    op["after"] = r.raw(16) if flags & 2 else None
    op["part"] = r.varint() if flags & 4 else None
    need(op["part"] is None or op["part"] < 4096, "part")
    op["replaces"] = []
    for _ in range(r.count(4096)):
        index, number = r.varint(), r.varint()
        need(index < len(table) and number < 4096, "replaces")
        op["replaces"].append((table[index], number))
    return op


def read_indexed(r, table, core):
    for member in ("frontier", "relies_on"):
        indexes = [r.varint() for _ in range(r.count(4096))]
        need(all(i < len(table) for i in indexes), "reference index")
        core[member] = [table[i] for i in indexes]
    core["operations"] = [read_operation(r, table)
                          for _ in range(r.count(4096))]
    need(references(core) == table, "reference table")


def read_core(data):
    need(len(data) <= 2 << 20, "core too large")
    r = Reader(data)
    need(r.u8() == 1, "core version")
    core = {"device": r.raw(16), "incarnation": r.raw(8), "seq": r.varint(),
            "previous": r.raw(32), "scope": r.raw(16), "person": r.raw(16),
            "kind": r.varint(), "record": r.raw(16), "hlc": r.u64(),
            "claimed_ms": r.svarint(), "utc_offset_min": r.svarint(),
            "monotonic_ms": r.varint(), "boot": r.raw(8)}
    need(core["seq"] > 0, "seq")
    need((core["seq"] == 1) == (core["previous"] == ZERO), "previous")
    need(core["kind"] < 1 << 32, "kind")
    need(abs(core["utc_offset_min"]) <= 1440, "offset")
    read_indexed(r, [r.raw(32) for _ in range(r.count(4096))], core)
    core["commitment"] = r.raw(32)
    r.done()
    return core


def write_core(core):
    table = references(core)
    index = {h: varint(i) for i, h in enumerate(table)}
    out = b"".join([
        b"\1", core["device"], core["incarnation"], varint(core["seq"]),
        core["previous"], core["scope"], core["person"], varint(core["kind"]),
        core["record"], core["hlc"].to_bytes(8, "big"),
        svarint(core["claimed_ms"]), svarint(core["utc_offset_min"]),
        varint(core["monotonic_ms"]), core["boot"], varint(len(table)),
        *table])
    for member in ("frontier", "relies_on"):
        out += varint(len(core[member]))
        out += b"".join(index[h] for h in core[member])
    out += varint(len(core["operations"]))
    for op in core["operations"]:
        out += varint(op["merge_class"]) + varint(len(op["path"]))
        out += b"".join(map(varint, op["path"]))
        out += bytes([(op["element"] is not None) |
                      (op["after"] is not None) << 1 |
                      (op["part"] is not None) << 2])
        out += (op["element"] or b"") + (op["after"] or b"")
        out += varint(op["part"]) if op["part"] is not None else b""
        out += varint(len(op["replaces"]))
        for change, number in op["replaces"]:
            out += index[change] + varint(number)
    return out + core["commitment"]


def change_hash(core):
    return tagged("vouch.change.v1", core)


def read_payload(data):
    """The values, or None for an encoding that is not known here."""
    r = Reader(data)
    if r.u8() == 1:
        return None  # zstd
    need(data[0] == 0, "payload encoding")
    values = [r.prefixed() for _ in range(r.count(4096))]
    r.done()
    return values


# §4: segments.

def read_change(r, head, seq, previous, before, earlier, chain):
    core = {"device": head["device_id"], "incarnation": head["incarnation"],
            "seq": seq, "previous": previous, "scope": head["scope"]}
    flags = r.u8()
    need(flags < 32, "change flags")
    core["person"] = before["person"] if flags & 1 else r.raw(16)
    core["record"] = before["record"] if flags & 2 else r.raw(16)
    core["kind"] = before["kind"] if flags & 4 else r.varint()
    need(core["kind"] < 1 << 32, "kind")
    core["boot"] = before["boot"] if flags & 8 else r.raw(8)
    hlc_ms = wrap(before["hlc_ms"] + r.svarint())
    counter = r.varint()
    need(0 <= hlc_ms < 1 << 48 and counter < 1 << 16, "hlc")
    core["hlc"] = hlc_ms << 16 | counter
    core["claimed_ms"] = wrap(hlc_ms + r.svarint())
    core["utc_offset_min"] = wrap(before["utc_offset_min"] + r.svarint())
    need(abs(core["utc_offset_min"]) <= 1440, "offset")
    elapsed = wrap(core["claimed_ms"] - before["claimed_ms"])
    core["monotonic_ms"] = (before["monotonic_ms"] + elapsed +
                            r.svarint()) % (1 << 64)
    table = []
    for _ in range(r.count(4096)):
        code = r.varint()
        if code == 0:
            table.append(r.raw(32))
        elif code % 2:
            need((code + 1) // 2 <= len(earlier), "reference in the segment")
            table.append(earlier[-(code + 1) // 2])
        else:
            need(code // 2 < seq, "reference before the chain")
            need(seq - code // 2 in chain, "reference unknown")
            table.append(chain[seq - code // 2])
    read_indexed(r, table, core)
    change = {"erased": bool(flags & 16), "salt": bytes(16), "payload": b"",
              "signatures": []}
    if change["erased"]:
        core["commitment"] = r.raw(32)
    else:
        change["salt"], change["payload"] = r.raw(16), r.prefixed()
        core["commitment"] = tagged("vouch.payload.v1",
                                    change["salt"] + change["payload"])
    change["commitment"] = core["commitment"]
    change["core"] = write_core(core)
    need(len(change["core"]) + len(change["payload"]) <= 2 << 20, "too large")
    change["hash"] = change_hash(change["core"])
    after = {m: core[m] for m in ("person", "record", "kind", "boot",
                                  "claimed_ms", "monotonic_ms",
                                  "utc_offset_min")}
    return change, {**after, "hlc_ms": hlc_ms}


def read_signatures(r, changes):
    start, last = r.at, 0
    for _ in range(r.count(256 * 8)):
        at = r.varint()
        need(last <= at < len(changes), "signature index")
        last = at
        changes[at]["signatures"].append(
            {"role": r.u8(), "key": r.raw(32), "signature": r.raw(64)})
        need(len(changes[at]["signatures"]) <= 8, "too many signatures")
    r.done()
    return tagged("vouch.signatures.v1", r.data[start:])


def head_fields(head):
    return b"".join([
        head["incarnation"], varint(head["first_seq"]), varint(head["count"]),
        head["previous"], head["head"], head["merkle_root"], head["scope"],
        head["seen_history"], varint(head["seen_size"]), head["seen_root"],
        head["signatures_hash"]])


def read_segment(wire, chain):
    need(len(wire) <= (2 << 20) + (64 << 10), "segment too large")
    r = Reader(wire)
    need(r.u8() == 1, "segment version")
    head = {"device_key": r.raw(32), "incarnation": r.raw(8),
            "first_seq": r.varint(), "count": r.varint(),
            "previous": r.raw(32), "scope": r.raw(16),
            "seen_history": r.raw(16), "seen_size": r.varint(),
            "seen_root": r.raw(32), "signature": r.raw(64)}
    need(head["first_seq"] > 0 and 0 < head["count"] <= 256, "range")
    need(head["first_seq"] + head["count"] < 1 << 64, "range")
    need((head["first_seq"] == 1) == (head["previous"] == ZERO), "previous")
    head["device_id"] = sha(head["device_key"])[:16]
    before = {"person": bytes(16), "record": bytes(16), "kind": 0,
              "boot": bytes(8), "hlc_ms": 0, "claimed_ms": 0,
              "monotonic_ms": 0, "utc_offset_min": 0}
    changes, previous = [], head["previous"]
    for i in range(head["count"]):
        change, before = read_change(
            r, head, head["first_seq"] + i, previous, before,
            [c["hash"] for c in changes], chain)
        previous = change["hash"]
        changes.append(change)
    head["signatures_hash"] = read_signatures(r, changes)
    head["head"] = previous
    head["merkle_root"] = root([leaf_hash(c["hash"]) for c in changes])
    head["signed"] = b"\1" + head["device_id"] + head_fields(head)
    head["stored_header"] = (b"\1" + head["device_key"] + head_fields(head) +
                             head["signature"])
    signed(head["device_key"], "vouch.segment.v1", head["signed"],
           head["signature"])
    for change in changes:
        for s in change["signatures"]:
            signed(s["key"], "vouch.person.v1", change["hash"], s["signature"])
    return head, changes


# §5: log entries, trees, acknowledgements.

def leaf_hash(data):
    return sha(b"\0" + data)


def node(left, right):
    return sha(b"\1" + left + right)


def split(size):
    return 1 << ((size - 1).bit_length() - 1)


def root(hashes):
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node(root(hashes[:k]), root(hashes[k:]))


def inclusion(hashes, index):
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if index < k:
        return inclusion(hashes[:k], index) + [root(hashes[k:])]
    return inclusion(hashes[k:], index - k) + [root(hashes[:k])]


def consistency(hashes, size, whole=True):
    if size == 0:
        return []
    if size == len(hashes):
        return [] if whole else [root(hashes)]
    k = split(len(hashes))
    if size <= k:
        return consistency(hashes[:k], size, whole) + [root(hashes[k:])]
    return consistency(hashes[k:], size - k, False) + [root(hashes[:k])]


def subtrees(hashes, begin, end):
    out = []
    while begin < end:
        size = 1 << ((end - begin).bit_length() - 1)
        while begin % size:
            size //= 2
        out.append(root(hashes[begin:begin + size]))
        begin += size
    return out


def read_disposition(r):
    quarantined, reason = r.u8(), r.varint()
    need(quarantined <= 1, "verdict")
    need(reason < 1 << 31 and (quarantined or reason == 0), "reason")
    return quarantined, reason


def read_entry(data):
    r = Reader(data)
    need(r.u8() == 1, "entry version")
    entry = {"kind": r.u8(), "commit_seq": r.varint(), "change": r.raw(32)}
    entry["quarantined"], entry["reason"] = read_disposition(r)
    entry.update(receive_ms=r.svarint(), scope=r.raw(16), scope_seq=r.varint(),
                 previous_scope_head=r.raw(32))
    need(entry["scope_seq"] > 0, "scope seq")
    first = read_first(r)
    if first:
        entry["first_commit"] = first
    r.done()
    return entry


def read_first(r):
    present = r.u8()
    need(present <= 1, "first commit")
    if not present:
        return None
    return {"history": r.raw(16), "commit_seq": r.varint(),
            "receive_ms": r.svarint()}


def scope_head(entry):
    return tagged("vouch.scope-head.v1", entry)


def entries_of(data, scope, changes):
    r = Reader(data)
    version, kind, first = r.u8(), 0, None
    need(version in (1, 2), "commit version")
    if version == 2:
        kind, first = r.u8(), read_first(r)
        need(kind == 1 or (kind == 0 and first), "commit form")
    commit_seq, scope_seq = r.varint(), r.varint()
    head, receive_ms = r.raw(32), r.svarint()
    verdicts = [read_disposition(r) for _ in range(r.count(256))]
    r.done()
    need(scope_seq > 0 and len(verdicts) == len(changes), "dispositions")
    entries = []
    for i, (change, (quarantined, reason)) in enumerate(zip(changes, verdicts)):
        named = b"\0" if not first else b"".join([
            b"\1", first["history"], varint(first["commit_seq"] + i),
            svarint(first["receive_ms"])])
        entries.append(b"".join([
            b"\1", bytes([kind]), varint(commit_seq + i), change,
            bytes([quarantined]), varint(reason), svarint(receive_ms), scope,
            varint(scope_seq + i), head, named]))
        head = scope_head(entries[-1])
    return commit_seq, entries, head


def read_tree_head(data, key, tag="vouch.tree-head.v1"):
    r = Reader(data)
    need(r.u8() == 1, "tree head version")
    head = {"history": r.raw(16), "size": r.varint(), "root": r.raw(32),
            "time_ms": r.svarint()}
    body = data[:r.at]
    signed(key, tag, body, r.raw(64))
    r.done()
    return head


def read_stable_head(data, key):
    return read_tree_head(data, key, "vouch.stable-head.v1")


# §7: sealed values.

def hchacha20(key, nonce):
    """The subkey of XChaCha20: draft-irtf-cfrg-xchacha, section 2.2."""
    words = [int.from_bytes(part[i:i + 4], "little")
             for part in (b"expand 32-byte k", key, nonce)
             for i in range(0, len(part), 4)]

    def rotate(value, places):
        return (value << places | value >> (32 - places)) & 0xffffffff

    def quarter(a, b, c, d):
        for x, y, z, places in ((a, b, d, 16), (c, d, b, 12),
                                (a, b, d, 8), (c, d, b, 7)):
            words[x] = (words[x] + words[y]) & 0xffffffff
            words[z] = rotate(words[z] ^ words[x], places)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return b"".join(w.to_bytes(4, "little") for w in words[:4] + words[12:])


def unseal(key, context, sealed):
    need(len(sealed) >= 1 + 24 + 16 and sealed[0] == 1, "sealed version")
    nonce = sealed[1:25]
    cipher = ChaCha20Poly1305(hchacha20(key, nonce[:16]))
    try:
        return cipher.decrypt(bytes(4) + nonce[16:], sealed[25:], context)
    except InvalidTag:
        raise Refused("sealed bytes do not open") from None
