"""What can go wrong on a learner's machine is said in a line."""

import concurrent.futures
import shutil
import time

import capstone
from variants import Variants
from workspace import COURSE, HERE, Terminal, Workspace, changed, seconds_until

LOOP = "  for (int64_t size : shape) n *= size;\n"

# What a learner writes in place of the loop of `count`, and what the grader must say.
FAULTS = [
    ("  while (n) n = 1;", "course/array.hpp: count", "a loop that does not end?"),
    ("  *(volatile int*)nullptr = 1;", "course/array.hpp: count crashed"),
    ("  n = count(shape) + 1;", "course/array.hpp: count crashed"),
    ("  n = std::vector<char>(int64_t{1} << 40).size();", "asks for more memory than the course allows"),
    ("  for (std::vector<void*> all; n;) all.push_back(::operator new(1 << 24));",
     "asks for more memory than the course allows"),
    ("  n = std::vector<int64_t>()[1];", "count was stopped", "an index outside of a vector"),
    ("  n = n / (n - 1);", "count divided a whole number by 0"),
    ("  std::exit(0);", "count ended the program"),
    ("  std::_Exit(0);", "count ended the program"),
    ('  for (;;) std::puts("...");', "course/array.hpp: count prints more than 1000 kilobytes"),
    ('  throw std::runtime_error("");', "course/array.hpp: count"),
    ("  throw 5;", "count was stopped", "an exception that is no std::exception"),
]
# The same for what does not compile, or ends the function: each is a program of its own.
ALONE = [
    ("  return n;\n}\ninline int early = (std::exit(0), 1);\ninline int64_t other(const Shape&, int64_t n) {",
     "course/array.hpp: what runs before the test ended the program"),
    ("  std::vector<Shape*> all; for (auto& one : std::vector<int*>()) all.emplace_back(one);",
     "course/array.hpp does not compile (chapter 1)", "used so in course/array.hpp:"),
    ("  for (int64_t size : shape n *= size;", "course/array.hpp does not compile (chapter 1)", "error: expected"),
    ("  if (!shape.empty())", "course/array.hpp does not compile (chapter 1)", "control reaches end",
     "A path without return"),
    ('  n = "many";', "course/array.hpp does not compile (chapter 1)", "error: invalid conversion"),
]


class Expectations:
    def __init__(self):
        self.failures = []

    def expect(self, title, got, code, *says):
        said = " ".join(got[1].split())
        if got[0] != code or any(words not in said for words in says):
            self.failures.append(f"{title}: must exit with {code} and say {says}, but {got[0]}:\n{got[1]}")
        if code and len(got[1].splitlines()) > 20:
            self.failures.append(f"{title}: an error of {len(got[1].splitlines())} lines")


def check_faults(checks, built):
    """Those of FAULTS are one program, as the wrong solutions of a chapter are."""
    array = (HERE / "solutions" / "array.hpp").read_text()

    def files(line):
        return {"array.hpp": changed(array, LOOP, line + "\n", "array.hpp")}

    variants = Variants()
    numbers = [variants.add(files(line)) for line, *_ in FAULTS]
    with Workspace(variants.files(), built) as together:
        for number, (line, *says) in zip(numbers, FAULTS):
            got = together.course("verify", "1", COURSE_VARIANT=str(number), COURSE_SECONDS=seconds_until(says))
            checks.expect(line, got, 1, *says)
        check_interrupted_watch(checks, together, numbers[0])
    for line, *says in ALONE:
        with Workspace(files(line), built) as work:
            checks.expect(line, work.course("verify", "1"), 1, *says)


def check_interrupted_watch(checks, together, endless):
    """Ctrl-C ends a watch, even in a test that does not end by itself."""
    with Terminal(together, "watch", "1", COURSE_VARIANT=str(endless)) as terminal:
        begun = terminal.shows("chapter 1: ", 20)
        time.sleep(0.5)  # its program is compiled already, and runs now
        terminal.type("\x03")
        if not begun or not terminal.ends(3):
            checks.failures.append(f"Ctrl-C does not end a watch:\n{terminal.said}")


def check_files(checks, built):
    work = Workspace(None, built, name="mine")
    array = work.folder / "array.hpp"
    array.write_text("mine")
    checks.expect("start keeps what is there", work.course("start"), 0, "stay as they are")
    if array.read_text() != "mine":
        checks.failures.append("start overwrites what a learner wrote")
    array.unlink()
    got = work.course("verify", "1")
    checks.expect("a file is gone", got, 1, "array.hpp is gone", "tools/course start")
    if "hint" in got[1]:
        checks.failures.append("a hint is offered for a file that is gone")
    checks.expect("start again", work.course("start"), 0, "1 new")
    checks.expect("a solution before one's own", work.course("solution", "1"), 1, "solve it first")
    checks.expect("a blank", work.course("verify", "1"), 1, " mine/array.hpp:", "count is still blank")
    for step in (1, 2, 3, 3):
        checks.expect(f"hint {step}", work.course("hint", "1"), 0, f"count, hint {step}: ")
    checks.expect("status", work.course("status"), 0, "0 of 18 chapters are solved")
    tape = work.folder / "tape.hpp"
    tape.write_text(tape.read_text() + "int 1;\n")
    checks.expect("two files at once, the first", work.course("verify", "1"), 1, "count is still blank")
    checks.expect("two files at once, the second", work.course("verify", "3"), 1, "mine/tape.hpp:")
    shutil.copy(HERE / "solutions" / "array.hpp", work.folder)
    checks.expect("a file that compiles again", work.course("verify", "1"), 0, "Chapter 1 is solved")
    for number in range(1, 19):
        (work.folder / ".build" / f"passed.{number:02}").touch()
    checks.expect("a hint when all is solved", work.course("hint"), 0, "Every chapter is solved")
    tape.write_text(tape.read_text().replace("\nint 1;\n", "\n"))
    shutil.copy(COURSE / "exercises" / "array.hpp", work.folder)
    checks.expect("a blank of another chapter", work.course("verify", "3"), 1,
               "is still blank Chapter 1 comes first: tools/course verify 1")
    array.write_text(array.read_text() + "int 1;\n")
    got = work.course("verify", "1")
    checks.expect("a chapter that does not compile", got, 1, "does not compile")
    if "hint" in got[1]:
        checks.failures.append("a hint is offered for what does not compile")
    (work.folder / ".build" / "passed.01").unlink(missing_ok=True)
    checks.expect("a hint for what does not compile", work.course("hint", "1"), 1, "was graded: tools/course verify 1")
    checks.expect("no compiler", work.course("run", "3", CXX="none-such"), 1, "needs a C++20 compiler")
    work.close()


def check_two_at_once(checks, built):
    """Each grades the files as they are when it begins, whatever the other does."""
    work = Workspace(None, built)
    first = work.start("verify", "1")
    first.stdout.readline()  # it has begun
    shutil.copy(COURSE / "exercises" / "array.hpp", work.folder)
    checks.expect("the second of two at once", work.course("verify", "1"), 1, "count is still blank")
    said = first.stdout.read()
    checks.expect("the first of two at once", (first.wait(), said), 0, "Chapter 1 is solved")
    checks.expect("nothing is left of either", work.course("verify", "1"), 1, "count is still blank")
    left = [path.name for path in work.build.glob("try.*")]
    if left:
        checks.failures.append(f"verify leaves {left}")
    work.close()


def check_runs(checks, built):
    """The program of a chapter, with a `forward` that is wrong."""
    right, line = (HERE / "solutions" / "by_hand.hpp").read_text(), "  p.y = p.h * x2;\n"
    blank_at = right[:right.index(line)].count("\n") + 1
    for fault, says in [
        ("for (;;) p.y = 0;",
         "course/by_hand.hpp: the program of chapter 2 takes longer than 6 seconds: a loop that does not end?"),
        ('for (;;) std::puts("...");',
         "course/by_hand.hpp: the program of chapter 2 prints more than 1000 kilobytes: a loop that does not end?"),
        ('throw std::runtime_error("so");',
         "course/by_hand.hpp: the program of chapter 2 ended with an exception: so"),
        ("BLANK;", f"forward (course/by_hand.hpp:{blank_at}) is still blank: solve chapter 2 first"),
        ("p.y = p;", "course/by_hand.hpp does not compile (chapter 2):"),
    ]:
        with Workspace({"by_hand.hpp": changed(right, line, fault + "\n", "by_hand.hpp")}, built) as work:
            code, said = work.course("run", "2", COURSE_SECONDS=seconds_until([says]))
            own = [words for words in said.splitlines() if words != "..."]
            checks.expect(f"run with {fault}", (code, "\n".join(own)), 1, says)
            if "compile" not in says and own != [says]:
                checks.failures.append(f"run with {fault}: not this line alone: {says}")


def check_usage(checks, built):
    checks.expect("no such command", built.course("grade", "1"), 2, 'no command "grade"')
    checks.expect("no such chapter", built.course("verify", "19"), 2, "there is no chapter 19")
    checks.expect("a pattern", built.course("verify", "*"), 2, 'a chapter is a number from 1 to 18, not "*"')
    checks.expect("no seconds", built.course("verify", "1", COURSE_SECONDS="0.5"), 2, "whole number of seconds")
    checks.expect("no number", built.course("verify", "one"), 2, "a chapter is a number")
    checks.expect("too much", built.course("verify", "1", "2"), 2, "takes one chapter")
    checks.expect("no such capstone", built.course("capstone", "x", "y", "z"), 2, "rnn_search or transformer")
    checks.expect("no model", built.course("capstone", "rnn_search", "y"), 2, "a new folder")
    checks.expect("help", built.course("help"), 0, "usage: tools/course")
    shutil.rmtree(built.folder)
    checks.expect("no folder", built.course("verify", "1"), 1, "tools/course start")
    built.folder.write_text("a file")
    checks.expect("a file in the folder's place", built.course("start"), 1, "cannot write into")
    built.close()


def check_interrupt(checks, built):
    """Ctrl-C ends a program that does not end by itself."""
    right, line = (HERE / "solutions" / "by_hand.hpp").read_text(), "  p.y = p.h * x2;\n"
    fault = '  std::puts("begun"), std::fflush(stdout);\n  for (;;) p.y = 0;\n'
    with Workspace({"by_hand.hpp": changed(right, line, fault, "by_hand.hpp")}, built) as work:
        with Terminal(work, "run", "2") as terminal:
            begun = terminal.shows("begun", 60)
            terminal.type("\x03")
            if not begun or not terminal.ends(5):
                checks.failures.append(f"Ctrl-C does not end a program:\n{terminal.said}")
        left = [path.name for path in work.build.glob("try.*")]
        if left:
            checks.failures.append(f"Ctrl-C leaves {left}")


def check(jobs, grader):
    checks, built = Expectations(), Workspace(grader=grader)
    checks.expect("the solution", built.course("verify", "1"), 0, "Chapter 1 is solved")
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(one, checks, built)
                   for one in (check_faults, check_files, check_runs, check_two_at_once, check_interrupt)]
        running.append(pool.submit(capstone.check_refusals, checks))
        for one in running:
            one.result()
    check_usage(checks, built)
    return checks.failures
