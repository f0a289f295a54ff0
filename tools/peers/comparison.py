"""What was measured, as rows, a table, JSON and a page; it measures nothing itself.

A record is a dictionary: `machine`, `runs` (date, command, rounds, threads), `versions`,
`parameters` (network -> who -> number), `measurements`: the lines that heed and its peers print,
each with `who` and `round`.
"""
import json
from collections import namedtuple

from contestants import BY_NAME, PEERS
from works import BEAM, WORKS

BEGIN = "<!-- tools/compare.py writes from here -->"
END = "<!-- to here -->"

# values, memory: who -> number; `floor` in the row's unit, `over_floor` and `ratio` of times: how
# often the floor is in heed's time, and heed's time in that of the best peer of its precision.
Row = namedtuple("Row", "work case unit values floor over_floor ratio memory")


class Unusable(Exception):
    """A record that can't be shown."""


# --- rows -----------------------------------------------------------------------------------------


def numbers_of(line):
    """(case, unit, value, floor) of a measurement: a recorded operation has two."""
    if line["work"] == "autograd":
        return [(f"{line['case']}, {way}", "ns", line[f"{way}_ns"], None)
                for way in ("forward", "backward")]
    floor = line.get("floor_ms")
    if line["work"] in BEAM and line["work"] != "decode_one":
        sentences = line["sentences_per_second"] * line["ms_min"]  # a step's, times 1,000
        return [("best batch", "sentences/s", line["sentences_per_second"],
                 sentences / floor if floor else None)]
    return [(line["case"], "ms", line["ms_min"], floor)]


def better(unit):
    return max if unit == "sentences/s" else min


def slower(unit, one, other):
    """How many times as long `one` takes as `other`."""
    return other / one if unit == "sentences/s" else one / other


def rows_of(record):
    """The best of all rounds; with batches, of all batches."""
    cells = {}  # (work, case, unit) -> who -> numbers
    for line in record["measurements"]:
        for case, unit, value, floor in numbers_of(line):
            of_row = cells.setdefault((line["work"], case, unit), {})
            of_row.setdefault(line["who"], []).append((value, floor, line["peak_rss_mb"]))
    keys = sorted(cells, key=lambda key: WORKS.index(key[0]))
    return [row_of(*key, cells[key]) for key in keys]


def row_of(work, case, unit, cells):
    best = better(unit)
    values = {who: best(value for value, _, _ in found) for who, found in cells.items()}
    memory = {who: max(mb for _, _, mb in found) for who, found in cells.items()}
    heed = values.get("heed")
    floors = [floor for _, floor, _ in cells.get("heed", []) if floor]
    floor = best(floors) if floors else None
    peers = [value for who, value in values.items() if who != "heed" and BY_NAME[who].same]
    return Row(work, case, unit, values, floor, slower(unit, heed, floor) if floor else None,
               slower(unit, best(peers), heed) if heed and peers else None, memory)


# --- tables ---------------------------------------------------------------------------------------


def shown(value):
    """Three digits and their thousands."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def best_peer(row):
    """Of heed's precision; None."""
    peers = {who: value for who, value in row.values.items()
             if who != "heed" and BY_NAME[who].same}
    return better(row.unit)(peers, key=peers.get) if peers else None


def cells_of(rows):
    """Lines of text, headings first; columns that are empty are left out."""
    columns = [("work", [row.work for row in rows]), ("case", [row.case for row in rows]),
               ("unit", [row.unit for row in rows]),
               ("heed", [shown(row.values.get("heed")) for row in rows]),
               ("floor", [shown(row.floor) for row in rows]),
               ("heed / floor", [shown(row.over_floor) for row in rows])]
    for peer in PEERS:
        columns.append((peer.label, [shown(row.values.get(peer.name)) for row in rows]))
    columns.append(("best / heed", [shown(row.ratio) for row in rows]))
    columns.append(("MB heed", [shown(row.memory.get("heed")) for row in rows]))
    columns.append(("MB best", [shown(row.memory.get(best_peer(row))) for row in rows]))
    full = [(heading, column) for heading, column in columns if any(column)]
    return [[heading for heading, _ in full], *map(list, zip(*(column for _, column in full)))]


def text_table(rows):
    lines = cells_of(rows)
    widths = [max(map(len, column)) for column in zip(*lines)]
    left = 3  # columns of words
    return "\n".join("  ".join(
        cell.ljust(width) if i < left else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines) + "\n"


def markdown_table(lines, left=3):
    ruler = ["---" if i < left else "---:" for i in range(len(lines[0]))]
    return "".join("| " + " | ".join(line) + " |\n" for line in (lines[0], ruler, *lines[1:]))


# --- parameters -----------------------------------------------------------------------------------


def parameter_lines(record):
    """A line for each network, and whether all agree."""
    lines, equal = [], True
    for network, counts in record["parameters"].items():
        counts = {who: counts[who] for who in sorted(counts, key=lambda who: (who != "heed", who))}
        same = len(set(counts.values())) == 1
        equal = equal and same
        numbers = f"{next(iter(counts.values())):,}" if same else ", ".join(
            f"{who} {number:,}" for who, number in counts.items())
        lines.append(f"{network}: {numbers} parameters"
                     + (f" ({', '.join(counts)})" if same else ": NOT EQUAL"))
    return lines, equal


# --- files ----------------------------------------------------------------------------------------


def merge(records):
    """One record of several runs on one machine."""
    result = json.loads(json.dumps(records[0]))
    for record in records[1:]:
        if record["machine"] != result["machine"]:
            raise Unusable(f"runs of two machines: {record['machine']} and {result['machine']}")
        if record["runs"][0]["threads"] != result["runs"][0]["threads"]:
            raise Unusable("runs with different numbers of threads")
        result["runs"] += record["runs"]
        result["versions"].update(record["versions"])
        for network, counts in record["parameters"].items():
            result["parameters"].setdefault(network, {}).update(counts)
        result["measurements"] += record["measurements"]
    return result


def read_record(path):
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise Unusable(f"{path}: not JSON: {error}") from None
    keys = ("machine", "runs", "versions", "parameters", "measurements")
    absent = [key for key in keys if not isinstance(record, dict) or key not in record]
    if absent:
        raise Unusable(f"{path}: no record of compare.py: it has no {', '.join(absent)}")
    return record


def to_markdown(record):
    """Machine, versions, the table; what a page has between its words."""
    machine, run = record["machine"], record["runs"][0]
    dates = sorted({one["date"][:10] for one in record["runs"]})
    facts = [["machine", f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"],
             ["heed", ", ".join(str(machine.get(key, "unknown")) for key in
                                ("instruction_set", "blas"))],
             ["versions", ", ".join(f"{name} {version}" for name, version
                                    in sorted(record["versions"].items()))],
             ["threads", str(run["threads"])],
             ["measured", f"{dates[0]}" + (f" to {dates[-1]}" if len(dates) > 1 else "") +
              f", {len(record['runs'])} run" + ("s" if len(record["runs"]) > 1 else "")]]
    lines, _ = parameter_lines(record)
    return (markdown_table([["", ""], *facts], left=2) + "\n" +
            markdown_table(cells_of(rows_of(record))) +
            "".join(f"\n- {line}" for line in lines) + ("\n" if lines else ""))


def into_page(page, body):
    """`page` with `body` between its marks; an empty page becomes marks and body."""
    block = f"{BEGIN}\n\n{body.strip()}\n\n{END}\n"
    before, mark, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END + "\n")
    if not page.strip():
        return block
    if not mark or not end:
        raise Unusable(f"a page that is not empty and has no lines {BEGIN} and {END} is kept")
    return before + block + after
