#!/usr/bin/env python3
"""Compares heed's speed with that of its peers on this machine.

    python3 tools/compare.py                            every work, every peer that is installed
    python3 tools/compare.py --works tf_small rnn_small --peers torch jax
    python3 tools/compare.py --from RUN.json RUN.json --markdown FILE.md
    python3 tools/compare.py --list                     works and peers, and what is missing

Works are those of `heed bench`: whole training steps (tf_small, tf_big, rnn_small, rnn_big),
decoding (decode_greedy, decode_beam5, decode_one), attention, autograd. Peers: torch (eager,
float32), torch-compile, torch-bf16 (autocast), jax (jit), ctranslate2 and ctranslate2-int8
(decoding), libtorch (autograd, compiled here). They are taken from the Python that runs this
program; what is not installed is named and left out.

Of each work a round times heed, then each peer, in a process of its own; what is shown is the best
of all rounds. A process warms up, then times steps for two seconds, at least five.
OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are removed from the environment of what is timed.

Exit codes: 0 done, 1 something failed or networks have different numbers of parameters, 2 usage,
3 unusable record.
"""
import argparse
import datetime
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
import comparison
import contestants
import libtorch_peer
import works
from heed_parameters import heed_parameters
from machine import cores, machine


def say(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


# --- measuring ------------------------------------------------------------------------------------


def measure(command, environment, limit):
    """The lines that a process printed; `RuntimeError` says why there are none."""
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False,
                              env=environment, timeout=limit)
    except OSError as error:
        raise RuntimeError(f"{command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"not done after {limit} seconds") from None
    if done.returncode != 0:
        raise RuntimeError(f"ended with {done.returncode}: {libtorch_peer.last_line(done.stderr)}")
    try:
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if lines and all(line["work"] and line["case"] and line["peak_rss_mb"] for line in lines):
            return lines
    except (ValueError, KeyError, TypeError):
        pass
    raise RuntimeError(f"printed no measurement: {libtorch_peer.last_line(done.stdout)}")


class Comparison:
    """Fills a record; what failed is said, counted, and not tried again."""

    def __init__(self, options, peers):
        self.options, self.peers, self.failed = options, peers, set()
        self.environment = contestants.environment(options.threads)
        self.record = {
            "machine": machine(), "versions": {}, "parameters": {}, "measurements": [],
            "runs": [{"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
                      "command": shlex.join(sys.argv), "rounds": options.rounds,
                      "threads": options.threads}]}

    def fail(self, key, reason):
        self.failed.add(key)
        say(f"error: {' '.join(key)}: {reason}")

    def add(self, who, turn, lines):
        """Takes measurements over, and what they say of versions, machine and parameters."""
        for line in lines:
            self.record["versions"].update(line.pop("versions", {}))
            count = line.pop("parameters", None)
            network = works.network(line["work"])
            if count and network:
                self.record["parameters"].setdefault(network, {})[who] = count
            if "blas" in line:
                blas, own = line.pop("blas"), self.record["machine"]
                own["instruction_set"] = line.pop("instruction_set", "unknown")
                own["blas"] = f"OpenBLAS {blas['version']} {blas['core']}"
            self.record["measurements"].append({"who": who, "round": turn, **line})

    def count_parameters(self, work):
        network = works.network(work)
        if not network or "heed" in self.record["parameters"].get(network, {}):
            return
        try:
            count = heed_parameters(self.options.heed, network, self.environment)
            self.record["parameters"].setdefault(network, {})["heed"] = count
        except (RuntimeError, OSError) as error:
            self.fail(("heed", "parameters"), error)

    def run(self, work, commands):
        """One work, all rounds: heed, a peer, the next, heed again."""
        those = ["heed", *(peer.name for peer in self.peers if work in peer.works)]
        for turn in range(1, self.options.rounds + 1):
            for who in those:
                if (who, work) in self.failed:
                    continue
                say(f"{work}, round {turn}: {who}")
                try:
                    lines = measure(commands[who](work), self.environment, self.options.limit)
                    self.add(who, turn, lines)
                except RuntimeError as error:
                    self.fail((who, work), error)
                if self.options.json:
                    write_json(self.options.json, self.record)


def run_all(options, peers):
    """Every work; (the record, whether something failed)."""
    run = Comparison(options, peers)
    with tempfile.TemporaryDirectory() as folder:
        built = ""
        if any(peer.mode is None and set(peer.works) & set(options.works) for peer in peers):
            say("compiling libtorch_autograd.cpp")
            torch = os.path.dirname(importlib.util.find_spec("torch").origin)
            try:
                built = libtorch_peer.build(folder, torch)
            except RuntimeError as error:
                run.fail(("libtorch", "autograd"), error)
        commands = contestants.commands(options.heed, peers, options.threads, built)
        for work in options.works:
            if not options.no_parameters:
                run.count_parameters(work)
            run.run(work, commands)
    return run.record, bool(run.failed)


# --- the command line -----------------------------------------------------------------------------


def write_json(path, record):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.write("\n")


def write_page(path, record):
    page = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            page = file.read()
    page = comparison.into_page(page, comparison.to_markdown(record))
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)


def list_all():
    print("works: " + " ".join(works.WORKS))
    for peer in contestants.PEERS:
        reason = contestants.missing(peer)
        print(f"{peer.name}: {' '.join(peer.works)}" if not reason else f"missing: {reason}")
    return 0


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, usage="compare.py [FLAGS]",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--works", metavar="WORK", nargs="+", choices=works.WORKS, default=works.WORKS,
        help="what to time (default: all)")
    add("--peers", metavar="PEER", nargs="*", choices=list(contestants.BY_NAME),
        help="whom to time beside heed (default: all that are installed; empty: heed alone)")
    add("--rounds", metavar="N", type=positive, default=3, help="default %(default)s")
    add("--threads", metavar="N", type=positive, default=cores(),
        help="of each (default: the cores there are)")
    add("--heed", metavar="PATH", help="the heed command (default: of build/, or on the PATH)")
    add("--limit", metavar="SECONDS", type=positive, default=900,
        help="that a process may take (default %(default)s)")
    add("--no-parameters", action="store_true",
        help="do not ask heed for the sizes of its networks, which trains each for one step")
    add("--json", metavar="FILE", help="write all measurements, with machine and versions")
    add("--markdown", metavar="FILE",
        help="write the table as a page: a new one, or between the marks of one that has them")
    add("--from", metavar="RUN.json", nargs="+", dest="records",
        help="time nothing: show these runs of --json together")
    add("--list", action="store_true", help="works and peers, and what is missing")
    return parser.parse_args(arguments)


def choose_peers(options):
    """Those asked for that are there; the others are named."""
    asked = options.peers if options.peers is not None else list(contestants.BY_NAME)
    needed = [peer for peer in contestants.PEERS
              if peer.name in asked and set(peer.works) & set(options.works)]
    reasons = {peer.name: contestants.missing(peer) for peer in needed}
    for reason in filter(None, reasons.values()):
        say(f"left out: {reason}")
    return [peer for peer in needed if not reasons[peer.name]]


def main(arguments=None):
    options = parse(arguments)
    if options.list:
        return list_all()
    failed = False
    try:
        if options.records:
            record = comparison.merge([comparison.read_record(path) for path in options.records])
        else:
            asked = options.heed
            options.heed = contestants.find_heed(asked)
            if not options.heed:
                where = f"{asked} is no program" if asked else "there is none"
                say(f"error: no heed command: {where}; build it, or name it with --heed")
                return 2
            record, failed = run_all(options, choose_peers(options))
        print(comparison.text_table(comparison.rows_of(record)), end="")
        lines, equal = comparison.parameter_lines(record)
        print("".join(line + "\n" for line in lines), end="")
        if options.json:
            write_json(options.json, record)
        if options.markdown:
            write_page(options.markdown, record)
    except comparison.Unusable as error:
        say(f"error: {error}")
        return 3
    return 1 if failed or not equal else 0


if __name__ == "__main__":
    sys.exit(main())
