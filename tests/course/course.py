#!/usr/bin/env python3
"""Holds the course together: the exercises are the solutions with their marked lines taken out, the
pages show the code and the output that there is, and each chapter's test accepts what is right and
names what is wrong.

  course.py exercises            docs/course/exercises are those of tests/course/solutions, with hints
  course.py grader FOLDER        compiles the grader, once for all that follows: --grader FOLDER
  course.py chapter [N]          solutions pass, blanks are named, wrong solutions are told why, and the page shows
                                 what files and commands give; without N, of all chapters
  course.py learner              every chapter takes its solution, compiled as a learner's own
  course.py tool                 what can go wrong on a learner's machine is said in a line
  course.py capstone HEED MODEL  trained on phrases, the learner's rnn_search or transformer translates, and heed
                                 reads it
  course.py cases PROGRAM        docs/course/cases hold heed's numbers, written by make_course_cases

--write mends exercises, pages and cases instead.
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

import capstone
import tool
from chapters import chapters
from grading import check_chapter, check_learner
from workspace import COURSE, HERE, ROOT, Workspace


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
    return ([f"{name} is not its solution without the marked lines" for name in wrong] + missing_hints() +
            unoptimised() + uncompiled())


def unoptimised():
    """A program that measures times says so, and is optimised."""
    return [f"docs/course/programs/{program.name} measures times: its first line must begin with // Optimised:"
            for program in sorted((COURSE / "programs").glob("*.cpp"))
            if "#include <chrono>" in program.read_text() and not program.read_text().startswith("// Optimised: ")]


def uncompiled():
    """Each folder's headers compile as they lie: when a chapter is graded, most are parts of one program."""
    def compiled(folder):
        headers = "".join(f'#include "{path.name}"\n' for path in sorted(folder.glob("*.hpp")))
        done = subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-Werror=return-type", "-fsyntax-only",
                               f"-I{folder}", "-x", "c++", "-"], input=headers, stderr=subprocess.PIPE, text=True)
        return [done.stderr] if done.returncode else []

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return sum(pool.map(compiled, [COURSE / "exercises", HERE / "solutions"]), [])


def missing_hints():
    """Each exercise has three hints, whose lines tools/course shows from the fourth character on, in 80 columns."""
    missing = [f"docs/course/hints/{path.name}: more than 83 characters: {line}"
               for path in sorted((COURSE / "hints").glob("*.txt"))
               for line in path.read_text().splitlines() if len(line) > 83]
    for number, name, _, _ in chapters():
        hints = COURSE / "hints" / f"{number}_{name}.txt"
        parts = re.split(r"^== ", hints.read_text(), flags=re.M) if hints.exists() else []
        steps = {part.splitlines()[0]: re.findall(r"^([1-3])\.", part, flags=re.M) for part in parts if part}
        test = (COURSE / "tests" / f"{number}_{name}.cpp").read_text()
        for exercise in re.findall(r'^EXERCISE\("([^"]*)"', test, flags=re.M):
            if steps.get(exercise) != ["1", "2", "3"]:
                missing.append(f"docs/course/hints/{hints.name}: {exercise} needs hints 1, 2 and 3")
    return missing


def keep_grader(folder):
    """Compiles the grader once for all chapters: --grader."""
    with Workspace() as built:
        (built.folder / "array.hpp").unlink()  # nothing is graded then, and nothing else compiled
        said = built.course("verify", "1")[1]
        shutil.rmtree(folder, ignore_errors=True)
        made = list(built.build.glob("grader.*"))
        for one in made:
            shutil.copytree(one, pathlib.Path(folder) / one.name)
    return [] if made else [said]


# Cases


def check_cases(program, write):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        names = [{path.name for path in pathlib.Path(place).glob("*.txt")} for place in (folder, COURSE / "cases")]
        wrong = [f"{name} is only on one side" for name in names[0] ^ names[1] if not write]
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["exercises", "grader", "chapter", "learner", "cases", "tool", "capstone"])
    parser.add_argument("of", nargs="?")
    parser.add_argument("model", nargs="?", default="rnn_search")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--grader", help="where `grader FOLDER` has compiled it")
    options = parser.parse_args()
    if options.what == "exercises":
        failures = check_exercises(options.write)
    elif options.what == "chapter":
        numbers = [options.of] if options.of else [one[0] for one in chapters()]
        failures = sum((check_chapter(int(number), options.write, options.jobs, options.grader)
                        for number in numbers), [])
    elif options.what == "learner":
        failures = check_learner(options.jobs, options.grader)
    elif options.what == "grader":
        failures = keep_grader(options.of)
    elif options.what == "tool":
        failures = tool.check(options.jobs, options.grader)
    elif options.what == "capstone":
        failures = capstone.check(options.of, options.model)
    else:
        failures = check_cases(options.of, options.write)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
