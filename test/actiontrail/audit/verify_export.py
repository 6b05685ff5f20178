#!/usr/bin/env python3
"""Verifies an export of the trail (docs/reference/trail-formats.md) without Strongroom.

usage: verify_export.py EXPORT.jsonl PUBLIC-KEY.pem

Needs Python 3.8, and the openssl program (3.0 or later) for Ed25519. Ends with 0 when the copy is what was signed, else with 1 and what
is wrong. Written from the specification alone: it shares nothing with the program whose exports it verifies.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile


class Fault(Exception):
    pass


def demand(holds, message):
    if not holds:
        raise Fault(message)


def spki(pem):
    """The DER bytes of a public key in PEM."""
    lines = pem.strip().splitlines()
    demand(lines[:1] == ["-----BEGIN PUBLIC KEY-----"] and lines[-1:] == ["-----END PUBLIC KEY-----"], "the key is no PEM")
    return base64.b64decode("".join(lines[1:-1]), validate=True)


def signature_holds(text, signature, key_file):
    """Ed25519 (RFC 8032) over the UTF-8 bytes of the text; the signature is Base64 with padding."""
    raw = base64.b64decode(signature, validate=True)
    if len(raw) != 64 or base64.b64encode(raw).decode() != signature:
        return False
    with tempfile.TemporaryDirectory() as folder:
        message, sig = os.path.join(folder, "message"), os.path.join(folder, "signature")
        with open(message, "wb") as file:
            file.write(text.encode())
        with open(sig, "wb") as file:
            file.write(raw)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key_file, "-rawin", "-in", message, "-sigfile", sig]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def members(pairs):
    names = [name for name, _ in pairs]
    demand(len(set(names)) == len(names), "a member comes twice")
    return dict(pairs)


def parsed(line, names, what):
    """The object of a line that holds exactly these members."""
    value = json.loads(line, object_pairs_hook=members)
    demand(isinstance(value, dict) and list(value) == names, f"{what} holds other members than it should")
    return value


LANE = 2**40


def checkpoint(value, key_file, what):
    """The head of each lane, as (number, hash), that a checkpoint signs."""
    if isinstance(value, dict) and "heads" in value:
        return checkpoint_of_lanes(value, key_file, what)
    demand(isinstance(value, dict) and list(value) == ["seq", "hash", "at", "signature"], f"{what} is no checkpoint")
    demand(type(value["seq"]) is int and type(value["at"]) is int, f"{what} has a number that is none")
    text = f"strongroom/checkpoint/1\n{value['seq']}\n{value['hash']}\n{value['at']}"
    demand(signature_holds(text, value["signature"], key_file), f"{what} is not signed with the key")
    return [(value["seq"], value["hash"])]


def checkpoint_of_lanes(value, key_file, what):
    demand(list(value) == ["seq", "heads", "at", "signature"], f"{what} is no checkpoint")
    heads = value["heads"]
    demand(isinstance(heads, list) and len(heads) > 1, f"{what} has other heads than it should")
    for lane, head in enumerate(heads):
        demand(isinstance(head, dict) and list(head) == ["seq", "hash"], f"{what} has a head that is none")
        demand(type(head["seq"]) is int and head["seq"] // LANE == lane, f"{what} has a head in the place of another")
        demand(re.fullmatch("[A-Za-z0-9_-]{43}", head["hash"]), f"{what} has a hash that is none")
    demand(type(value["at"]) is int, f"{what} has a number that is none")
    demand(value["seq"] == sum(head["seq"] % LANE for head in heads), f"{what} counts other events")
    lines = [f"{head['seq']} {head['hash']}" for head in heads]
    text = "\n".join(["strongroom/checkpoint/2", str(value["at"]), *lines])
    demand(signature_holds(text, value["signature"], key_file), f"{what} is not signed with the key")
    return [(head["seq"], head["hash"]) for head in heads]


def link(previous, seq, record):
    """The hash of an event: over the hash before it, its number and its columns, a line feed between."""
    columns = [previous, str(seq), *(str(column) for column in record)]
    demand(not any("\n" in column for column in columns), f"event {seq} holds a line feed")
    digest = hashlib.sha256("\n".join(columns).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def verify(copy, key_file):
    with open(key_file, encoding="ascii") as file:
        key = spki(file.read())
    lines = copy.split(b"\n")
    demand(len(lines) >= 4 and lines[-1] == b"", "the copy was cut")
    first, *events, last, seal = lines[:-1]

    header = parsed(first, ["strongroom", "publicKey", "start"], "the first line")
    demand(spki(header["publicKey"]) == key, "the copy names another public key")
    heads = checkpoint(header["start"], key_file, "the start")
    demand(header["strongroom"] == ("trail/2" if len(heads) == 1 else "trail/3"), "the copy is of another format")
    number = heads[0][0]

    for line in events:
        event = parsed(line, ["seq", "hash", "record", "event"], f"the line after event {number}")
        number, record = event["seq"], event["record"]
        lane = number // LANE
        demand(0 <= lane < len(heads), f"event {number} is of a lane that the copy does not begin with")
        seq, chained = heads[lane]
        demand(number == seq + 1, f"after event {seq} comes {number}")
        kinds = [type(column) for column in record]
        demand(kinds in ([str, str, str, int, str], [str, str, str, int, str, int]), f"the record of event {number} has other columns")
        heads[lane] = number, link(chained, number, record)
        demand(event["hash"] == heads[lane][1], f"event {number} is not what was recorded")

    end = checkpoint(parsed(last, ["end"], "the last line but one")["end"], key_file, "the end")
    demand(end == heads, "the events do not lead to the checkpoint at the end")

    sealed = parsed(seal, ["sha256", "signature"], "the last line")
    digest = hashlib.sha256(copy[: -len(seal) - 1]).hexdigest()
    demand(sealed["sha256"] == digest, "the copy is not what was signed")
    demand(signature_holds(f"strongroom/trail-export/2\n{digest}", sealed["signature"], key_file), "the copy is not signed with the key")
    demand(seal.decode() == json.dumps(sealed, separators=(",", ":")), "the last line is not as it was written")
    return len(events), sum(seq % LANE for seq, _ in heads)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], "rb") as exported:
            found, number = verify(exported.read(), sys.argv[2])
        print(f"intact: {found} events up to number {number}")
    except (Fault, ValueError, KeyError, TypeError) as fault:
        sys.exit(f"NOT INTACT: {fault}")
