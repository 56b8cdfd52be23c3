#!/usr/bin/env python3
"""Writes the sources of vouch.v1's messages under a registered name of their
own, for libvouch.so.

  private_messages.py PROTOC PROTO_FOLDER OUT_FOLDER

protobuf keeps one registry a process and aborts when a name is registered
twice. An app may well carry its own classes of vouch.v1: the library's must not
meet them there. So what is registered is called vouch.libv1, with extension
numbers of its own; the C++ names stay, and so the headers do.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# options.proto extends protobuf's own options; their numbers are registered
# too, and nothing but this library reads them from these descriptors.
EXTENSIONS = {"kKindFieldNumber": ("50101", "60101"),
              "kFieldFieldNumber": ("50102", "60102")}


def renamed_proto(text):
    text = re.sub(r"\bvouch\.v1\b", "vouch.libv1", text)
    text = text.replace('"vouch/v1/', '"vouch/libv1/')
    for number, private in EXTENSIONS.values():
        text = text.replace(f"= {number};", f"= {private};")
    return text


def restored_source(text):
    """C++ names as in the headers; what is in the descriptor stays private."""
    text = text.replace("namespace libv1", "namespace v1")
    text = text.replace("vouch::libv1", "vouch::v1")
    text = text.replace("_2flibv1_2f", "_2fv1_2f")
    text = text.replace('#include "vouch/libv1/', '#include "vouch/v1/')
    for constant, (_, private) in EXTENSIONS.items():
        text = re.sub(rf"\b{constant}\b", private, text)
    return text


def main(protoc, protos, out):
    out.mkdir(parents=True, exist_ok=True)
    sources = sorted((protos / "vouch/v1").glob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        renamed = pathlib.Path(folder, "vouch/libv1")
        renamed.mkdir(parents=True)
        for source in sources:
            (renamed / source.name).write_text(renamed_proto(
                source.read_text()))
        subprocess.run([protoc, "-I", folder, f"--cpp_out={folder}",
                        *map(str, renamed.glob("*.proto"))], check=True)
        for source in sources:
            made = (renamed / f"{source.stem}.pb.cc").read_text()
            (out / f"{source.stem}.pb.cc").write_text(restored_source(made))


if len(sys.argv) != 4:
    sys.exit(__doc__)
main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
