#!/usr/bin/env python3
"""Holds the course together: the exercises are the solutions with their marked lines taken out, the
pages show the code and the output that there is, and each chapter's test accepts what is right and
names what is wrong.

  course.py exercises            docs/course/exercises are those of tests/course/solutions, with hints
  course.py pages [N]            what the pages show is what files and commands give
  course.py grade N              solutions pass, blanks are named, wrong solutions are told why
  course.py tool                 what can go wrong on a learner's machine is said in a line
  course.py cases PROGRAM        docs/course/cases hold heed's numbers, written by make_course_cases

--write mends exercises and pages instead.
"""

import argparse
import concurrent.futures
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COURSE = ROOT / "docs" / "course"
HERE = ROOT / "tests" / "course"
TOOL = ROOT / "tools" / "course"


def chapters():
    """(number, name, header, title) of each chapter."""
    return [line.split(None, 3) for line in (COURSE / "chapters.txt").read_text().splitlines()]


def chapter(number):
    for one in chapters():
        if int(one[0]) == number:
            return one
    raise SystemExit(f"there is no chapter {number}")


# Exercises


def exercise_of(solution):
    """A solution with its marked lines taken out: from "// blank: what to do" to "// end"."""
    lines, inside = [], False
    for line in solution.splitlines():
        marked = re.match(r"( *)// blank: (.*)", line)
        if marked:
            lines.append(f"{marked[1]}// {marked[2]}")
            inside = True
        elif inside and re.match(r" *// end$", line):
            lines.append(re.match(" *", line)[0] + "BLANK;")
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise SystemExit("a blank without an end")
    return "\n".join(lines) + "\n"


def check_exercises(write):
    wrong = []
    for solution in sorted((HERE / "solutions").glob("*.hpp")):
        exercise = COURSE / "exercises" / solution.name
        text = exercise_of(solution.read_text())
        if exercise.exists() and exercise.read_text() == text:
            continue
        if write:
            exercise.write_text(text)
        else:
            wrong.append(str(exercise.relative_to(ROOT)))
    for exercise in (COURSE / "exercises").glob("*.hpp"):
        if not (HERE / "solutions" / exercise.name).exists():
            wrong.append(str(exercise.relative_to(ROOT)))
    return [f"{name} is not its solution without the marked lines" for name in wrong] + missing_hints()


def missing_hints():
    """Each exercise has three hints."""
    missing = []
    for number, name, _, _ in chapters():
        hints = COURSE / "hints" / f"{number}_{name}.txt"
        parts = re.split(r"^== ", hints.read_text(), flags=re.M) if hints.exists() else []
        steps = {part.splitlines()[0]: re.findall(r"^([1-3])\.", part, flags=re.M) for part in parts if part}
        test = (COURSE / "tests" / f"{number}_{name}.cpp").read_text()
        for exercise in re.findall(r'^EXERCISE\("([^"]*)"', test, flags=re.M):
            if steps.get(exercise) != ["1", "2", "3"]:
                missing.append(f"docs/course/hints/{hints.name}: {exercise} needs hints 1, 2 and 3")
    return missing


# Grading


class Workspace:
    """A learner's folder, with the solutions of all chapters, or others in place of some."""

    def __init__(self, files=None, built=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="course "))
        for solution in (HERE / "solutions").glob("*.hpp"):
            shutil.copy(solution, self.folder)
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        if built:  # the grader, compiled once for all
            shutil.copytree(built.folder / ".build", self.folder / ".build")

    def course(self, *arguments):
        """Exit code and output of tools/course in this folder."""
        done = subprocess.run(
            [TOOL, *arguments],
            env={**os.environ, "COURSE_DIR": str(self.folder), "COURSE_SECONDS": "4"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout.replace(str(self.folder) + "/", "course/")

    def close(self):
        shutil.rmtree(self.folder)


def changed(text, old, new, where):
    if text.count(old) != 1:
        raise SystemExit(f"{where}: found {text.count(old)} times, must be once:\n{old}")
    return text.replace(old, new)


def wrong_solutions(number, name, header):
    """(what is wrong, the files, what the grader must say) for each of tests/course/wrong/NN.txt:

    == what is wrong
    <<<            (or "<<< FILE", where it is not the chapter's header)
    lines of the solution
    ===
    lines in their place
    >>>
    says: words of the answer
    """
    path = HERE / "wrong" / f"{number}_{name}.txt"
    found = []
    for part in re.split(r"^== ", path.read_text(), flags=re.M)[1:]:
        title = part.splitlines()[0]
        says = re.findall(r"^says: (.*)$", part, flags=re.M)
        files = {}
        for file, old, new in re.findall(r"^<<<(.*)\n([^\0]*?)^===\n([^\0]*?)^>>>$", part, flags=re.M):
            file = file.strip() or header
            text = files.get(file) or (HERE / "solutions" / file).read_text()
            files[file] = changed(text, old, new, f"{path.name}: {title}")
        if not says or not files:
            raise SystemExit(f"{path.name}: {title}: needs a change and what is said")
        found.append((title, files, says))
    return found


def other_solutions(number, name, header):
    """Other right solutions: tests/course/other/HEADER, and HEADER with a letter before its ending."""
    stem = pathlib.Path(header).stem
    return [(path.name, {header: path.read_text()})
            for path in sorted((HERE / "other").glob(f"{stem}*.hpp"))
            if re.fullmatch(re.escape(stem) + r"(\.[a-z])?\.hpp", path.name)]


def blanks(number, name, header):
    """The solution with one of its marked parts blank, for each of them."""
    solution = (HERE / "solutions" / header).read_text()
    parts = [m for m in re.finditer(r"( *// blank: .*\n)+[^\0]*?^( *)// end$", solution, flags=re.M)]
    found = []
    for part in parts:
        text = solution[:part.start()] + part[2] + "BLANK;" + solution[part.end():]
        line = solution[:part.start()].count("\n") + 1
        found.append((f"blank at line {line}", {header: text}, [f"{header}:{line}: ", "is still blank"]))
    return found


def grade(number, jobs):
    one = chapter(number)
    header = one[2]
    failures = []
    first = Workspace()
    code, said = first.course("verify", str(number))
    if code:
        return [f"chapter {number}: the solution is refused:\n{said}"]
    accepted = other_solutions(*one[:3])
    if len(accepted) < 1:
        failures.append(f"chapter {number} has no second solution in tests/course/other")
    wrong = wrong_solutions(*one[:3])
    if len(wrong) < 6:
        failures.append(f"chapter {number} has {len(wrong)} wrong solutions, must be 6")

    def attempt(files):
        work = Workspace(files, first)
        try:
            return work.course("verify", str(number))
        finally:
            work.close()

    def accept(title, files):
        code, said = attempt(files)
        return [] if code == 0 else [f"{title}: a right solution is refused:\n{said}"]

    def refuse(title, files, says):
        code, said = attempt(files)
        if code != 1:
            return [f"{header}, {title}: exit code {code}, must be 1:\n{said}"]
        if "error:" in said and "error" not in " ".join(says):
            return [f"{header}, {title}: does not compile:\n{said}"]
        return [f'{header}, {title}: must say "{words}", said:\n{said}' for words in says
                if words not in " ".join(said.split())]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(accept, *solution) for solution in accepted]
        runs += [pool.submit(refuse, *solution) for solution in blanks(*one[:3]) + wrong]
        for run in runs:
            failures += run.result()
    first.close()
    print(f"chapter {number}: {len(accepted) + 1} right, {len(blanks(*one[:3]))} blank, {len(wrong)} wrong solutions")
    return failures


# Pages


def region(path, name):
    """The lines between "// [name]" and "// [/name]"."""
    found = re.search(rf"^ *// \[{re.escape(name)}\]\n([^\0]*?)^ *// \[/{re.escape(name)}\]$",
                      path.read_text(), flags=re.M)
    if not found:
        raise SystemExit(f"{path}: no region [{name}]")
    return found[1]


def output(number, command, built):
    """What a command of a page prints. "blank: COMMAND" runs it with the chapter's
    exercises as they are handed out, "NAME: COMMAND" with the wrong solution of that name."""
    one = chapter(number)
    files = {}
    if command.startswith("blank: "):
        command = command[7:]
        files = {one[2]: (COURSE / "exercises" / one[2]).read_text()}
    elif not command.startswith("tools/course"):
        title, command = command.rsplit(": ", 1)
        chosen = [w for w in wrong_solutions(*one[:3]) if w[0] == title]
        if not chosen:
            raise SystemExit(f"page {number}: there is no wrong solution \"{title}\"")
        files = chosen[0][1]
    work = Workspace(files, built)
    try:
        return work.course(*command.split()[1:])[1]
    finally:
        work.close()


def page_of(number, text, built):
    """A page with its code and its outputs as they are now:

    <!-- code: FILE [REGION] -->   then a block: those lines of docs/course/FILE
    <!-- run: COMMAND -->          then a block: what it prints, after a line "$ COMMAND"
    """
    def run(found):
        shown = found[1].rsplit(": ", 1)[-1]
        return f"<!-- run: {found[1]} -->\n```console\n$ {shown}\n{output(number, found[1], built).rstrip()}\n```"

    block = r"\n```[a-z]*\n[^\0]*?^```$"
    text = re.sub(rf"(?P<mark><!-- code: (\S+) \[(\S+)\] -->){block}",
                  lambda m: f"{m['mark']}\n```cpp\n{region(COURSE / m[2], m[3])}```", text, flags=re.M)
    return re.sub(rf"<!-- run: (.*) -->{block}", run, text, flags=re.M)


def check_pages(numbers, write):
    wrong = []
    built = Workspace()
    built.course("verify", "1")
    for number, name, _, _ in chapters():
        path = COURSE / f"{number}_{name}.md"
        if int(number) not in numbers or not path.exists():
            continue
        text = path.read_text()
        now = page_of(int(number), text, built)
        if len(text.splitlines()) > 250:
            wrong.append(f"{path.name} has {len(text.splitlines())} lines, must be at most 250")
        if text == now:
            continue
        if write:
            path.write_text(now)
        else:
            import difflib
            wrong.append("\n".join(difflib.unified_diff(text.splitlines(), now.splitlines(), path.name,
                                                        "what there is", lineterm="")))
    built.close()
    return wrong


# Cases


def check_cases(program, write):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        wrong = []
        for new in sorted(pathlib.Path(folder).glob("*.txt")):
            old = COURSE / "cases" / new.name
            if write:
                shutil.copy(new, old)
            elif not old.exists() or not alike(old.read_text().split(), new.read_text().split()):
                wrong.append(f"docs/course/cases/{new.name} does not hold heed's numbers")
        return wrong


def alike(old, new):
    def near(a, b):
        try:
            return a == b or math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-10)
        except ValueError:
            return False
    return len(old) == len(new) and all(map(near, old, new))


# The tool


def fault(text, old, new):
    return changed(text, old, new, "array.hpp")


def faulty_files():
    """(what is wrong, files of the learner's folder, words that must be said) for chapter 1."""
    array = (HERE / "solutions" / "array.hpp").read_text()
    loop = "  for (int64_t size : shape) n *= size;\n"
    return [
        ("a loop without an end", {"array.hpp": fault(array, loop, "  while (n) n = 1;\n")},
         ["course/array.hpp: count", "a loop that does not end?"]),
        ("a crash", {"array.hpp": fault(array, loop, "  *(volatile int*)nullptr = 1;\n")},
         ["course/array.hpp: count crashed"]),
        ("a function that calls itself", {"array.hpp": fault(array, loop, "  n = count(shape) + 1;\n")},
         ["course/array.hpp: count"]),
        ("no memory", {"array.hpp": fault(array, loop, "  n = std::vector<char>(int64_t{1} << 40).size();\n")},
         ["count: asks for more memory than the course allows"]),
        ("memory that fills slowly",
         {"array.hpp": fault(array, loop, "  for (std::vector<std::vector<char>> all; n; ) all.emplace_back(1 << 24);\n")},
         ["count: asks for more memory than the course allows"]),
        ("a syntax error", {"array.hpp": fault(array, loop, "  for (int64_t size : shape n *= size;\n")},
         ["course/array.hpp does not compile (chapter 1)", "error: expected"]),
        ("a wrong type", {"array.hpp": fault(array, loop, '  n = "many";\n')},
         ["course/array.hpp does not compile (chapter 1)", "error: invalid conversion"]),
        ("another parameter", {"array.hpp": fault(array, "inline int64_t count(const Shape& shape) {",
                                                  "inline int64_t count(const Shape& shape, int more) {")},
         ["does not compile (chapter 1)"]),
        ("an index outside", {"array.hpp": fault(array, loop, "  n = std::vector<int64_t>()[1];\\n")},
         ["course/array.hpp: count was stopped", "an index outside of a vector"]),
        ("a division by 0", {"array.hpp": fault(array, loop, "  n = n / (n - 1);\\n")},
         ["course/array.hpp: count divided a whole number by 0"]),
        ("an exit", {"array.hpp": fault(array, loop, "  std::exit(0);\n")}, ["count ended the program"]),
    ]


def check_tool():
    failures = []

    def expect(title, got, code, *says):
        said = " ".join(got[1].split())
        if got[0] != code or any(words not in said for words in says):
            failures.append(f"{title}: must exit with {code} and say {says}, but {got[0]}:\n{got[1]}")
        lines = len(got[1].splitlines())
        if lines > 40:
            failures.append(f"{title}: says {lines} lines")

    built = Workspace()
    expect("the solution", built.course("verify", "1"), 0, "Chapter 1 is solved")
    for title, files, says in faulty_files():
        work = Workspace(files, built)
        expect(title, work.course("verify", "1"), 1, *says)
        work.close()

    work = Workspace(None, built)
    (work.folder / "array.hpp").write_text("mine")
    expect("start keeps what is there", work.course("start"), 0, "stay as they are")
    if (work.folder / "array.hpp").read_text() != "mine":
        failures.append("start overwrites what a learner wrote")
    (work.folder / "array.hpp").unlink()
    expect("a file is gone", work.course("verify", "1"), 1, "array.hpp is gone", "tools/course start")
    expect("start again", work.course("start"), 0, "1 files are new")
    expect("a solution before one's own", work.course("solution", "1"), 1, "solve it first")
    expect("a blank", work.course("verify", "1"), 1, "count is still blank")
    for step in (1, 2, 3, 3):
        expect(f"hint {step}", work.course("hint", "1"), 0, f"count, hint {step}.")
    expect("status", work.course("status"), 0, "0 of 18 chapters are solved")
    shutil.copy(HERE / "solutions" / "array.hpp", work.folder)
    expect("an error in a later chapter's file", work.course("verify", "1"), 0)
    (work.folder / "tape.hpp").write_text((work.folder / "tape.hpp").read_text() + "int 1;\n")
    shutil.copy(COURSE / "exercises" / "array.hpp", work.folder)
    expect("two files at once: the later does not matter", work.course("verify", "1"), 1, "count is still blank")
    expect("two files at once: the later has the error", work.course("verify", "3"), 1, "course/tape.hpp:")
    work.close()

    expect("no such command", built.course("grade", "1"), 2, 'no command "grade"')
    expect("no such chapter", built.course("verify", "19"), 2, "there is no chapter 19")
    expect("no number", built.course("verify", "one"), 2, "a chapter is a number")
    expect("too much", built.course("verify", "1", "2"), 2, "takes one chapter")
    expect("help", built.course("help"), 0, "usage: tools/course")
    shutil.rmtree(built.folder)
    expect("no folder", built.course("verify", "1"), 1, "tools/course start")
    built.folder.write_text("a file")
    expect("a file in the folder's place", built.course("start"), 1, "cannot write into")
    built.folder.unlink()
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["exercises", "pages", "grade", "cases", "tool"])
    parser.add_argument("of", nargs="?")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.what == "exercises":
        failures = check_exercises(options.write)
    elif options.what == "grade":
        failures = grade(int(options.of), options.jobs)
    elif options.what == "tool":
        failures = check_tool()
    elif options.what == "cases":
        failures = check_cases(options.of, options.write)
    else:
        numbers = [int(options.of)] if options.of else [int(one[0]) for one in chapters()]
        failures = check_pages(numbers, options.write)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
