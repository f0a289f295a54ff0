#!/usr/bin/env python3
"""Holds the course together: the exercises are the solutions with their marked lines taken out, the
pages show the code and the output that there is, and each chapter's test accepts what is right and
names what is wrong.

  course.py exercises            docs/course/exercises are those of tests/course/solutions, with hints
  course.py grader FOLDER        compiles the grader, once for all that follows: --grader FOLDER
  course.py pages [N]            what the pages show is what files and commands give
  course.py grade N              solutions pass, blanks are named, wrong solutions are told why
  course.py tool                 what can go wrong on a learner's machine is said in a line
  course.py capstone HEED MODEL  trained on phrases, the learner's rnn_search or transformer translates, and heed
                                 reads it
  course.py cases PROGRAM        docs/course/cases hold heed's numbers, written by make_course_cases

--write mends exercises and pages instead.
"""

import argparse
import concurrent.futures
import difflib
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import capstone
import tool
from variants import Variants
from workspace import COURSE, HERE, ROOT, Workspace, changed

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


def wrong_solutions(number, name, header):
    """(what is wrong, the files, what the grader must say) for each of those in tests/course/wrong:

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
    """Other right solutions: the files of tests/course/other with the header's name, or with a letter more before
    its ending."""
    stem = pathlib.Path(header).stem
    return [(path.name, {header: path.read_text()})
            for path in sorted((HERE / "other").glob(f"{stem}*.hpp"))
            if re.fullmatch(re.escape(stem) + r"(\.[a-z])?\.hpp", path.name)]


def accept(title, got):
    code, said = got
    return [] if code == 0 else [f"{title}: a right solution is refused:\n{said}"]


def refuse(title, got, says):
    code, said = got
    if code != 1:
        return [f"{title}: exit code {code}, must be 1:\n{said}"]
    if "error:" in said and "error" not in " ".join(says):
        return [f"{title}: does not compile:\n{said}"]
    return [f'{title}: must say "{words}", said:\n{said}' for words in says if words not in " ".join(said.split())]


def grade(number, jobs, grader):
    """Every solution through tools/course: most of them in one program, that of `variants`."""
    one = chapter(number)[:3]
    header = one[2]
    right, wrong = other_solutions(*one), wrong_solutions(*one)
    solutions = [(title, files, None) for title, files in right] + wrong
    solutions.append(("as handed out", {header: (COURSE / "exercises" / header).read_text()},
                      [f"{header}:", "is still blank"]))
    variants = Variants()
    checks = [(title, says, variants.add(files), files) for title, files, says in solutions]
    blanks = variants.blanks(header)
    checks += [(f"blank at line {line}", [f"{header}:{line}: ", "is still blank"], variant, None)
               for variant, line in blanks.items()]
    with Workspace(grader=grader) as built, Workspace(variants.files(), grader=grader) as together:
        failures = accept("the solution", built.course("verify", str(number)))
        failures += accept("the solution among all", together.course("verify", str(number)))
        if failures:
            return failures

        def check(title, says, variant, files):
            title = f"chapter {number}, {title}"
            if variant is None:
                with Workspace(files, built) as work:
                    got = work.course("verify", str(number))
            else:
                got = together.course("verify", str(number), COURSE_VARIANT=str(variant))
            return accept(title, got) if says is None else refuse(title, got, says)

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for run in [pool.submit(check, *arguments) for arguments in checks]:
                failures += run.result()
    if not right or len(wrong) < 6 or not blanks:
        failures.append(f"chapter {number} needs blanks, a second solution, and six wrong solutions")
    print(f"chapter {number}: {len(right) + 1} right, {len(wrong)} wrong solutions, {len(blanks)} blanks")
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
    with Workspace(files, built) as work:
        return work.course(*command.split()[1:])[1]


def page_of(number, text, built):
    """A page with its code and its outputs as they are now:

    <!-- code: FILE [REGION] -->   then a block: those lines of a file of docs/course
    <!-- run: COMMAND -->          then a block: what it prints, after a line "$ COMMAND"

    A block without a mark shows what differs from machine to machine: times.
    """
    def run(found):
        shown = found[1].rsplit(": ", 1)[-1]
        return f"<!-- run: {found[1]} -->\n```console\n$ {shown}\n{output(number, found[1], built).rstrip()}\n```"

    block = r"\n```[a-z]*\n[^\0]*?^```$"
    text = re.sub(rf"(?P<mark><!-- code: (\S+) \[(\S+)\] -->){block}",
                  lambda m: f"{m['mark']}\n```cpp\n{region(COURSE / m[2], m[3])}```", text, flags=re.M)
    return re.sub(rf"<!-- run: (.*) -->{block}", run, text, flags=re.M)


def check_page(number, name, built, write):
    path = COURSE / f"{number}_{name}.md"
    text = path.read_text()
    now = page_of(int(number), text, built)
    wrong = []
    if len(text.splitlines()) > 250:
        wrong.append(f"{path.name} has {len(text.splitlines())} lines, must be at most 250")
    if text != now and write:
        path.write_text(now)
    elif text != now:
        wrong.append("\n".join(difflib.unified_diff(text.splitlines(), now.splitlines(), path.name,
                                                    "what there is", lineterm="")))
    return wrong


def check_pages(numbers, write, jobs, grader):
    with Workspace(grader=grader) as built:
        built.course("verify", "1")
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            runs = [pool.submit(check_page, number, name, built, write)
                    for number, name, _, _ in chapters() if int(number) in numbers]
            return [one for run in runs for one in run.result()]


def keep_grader(folder):
    """Compiles the grader once for all chapters: --grader."""
    with Workspace() as built:
        code, said = built.course("verify", "1")
        shutil.rmtree(folder, ignore_errors=True)
        for made in built.build.glob("grader.*"):
            shutil.copytree(made, pathlib.Path(folder) / made.name)
    return [] if code == 0 else [said]


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
    parser.add_argument("what", choices=["exercises", "grader", "pages", "grade", "cases", "tool", "capstone"])
    parser.add_argument("of", nargs="?")
    parser.add_argument("model", nargs="?", default="rnn_search")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--grader", help="where `grader FOLDER` has compiled it")
    options = parser.parse_args()
    if options.what == "exercises":
        failures = check_exercises(options.write)
    elif options.what == "grade":
        failures = grade(int(options.of), options.jobs, options.grader)
    elif options.what == "grader":
        failures = keep_grader(options.of)
    elif options.what == "tool":
        failures = tool.check(options.grader)
    elif options.what == "capstone":
        failures = capstone.check(options.of, options.model)
    elif options.what == "cases":
        failures = check_cases(options.of, options.write)
    else:
        numbers = [int(options.of)] if options.of else [int(one[0]) for one in chapters()]
        failures = check_pages(numbers, options.write, options.jobs, options.grader)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
