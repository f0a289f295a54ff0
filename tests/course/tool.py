"""What can go wrong on a learner's machine is said in a line."""

import concurrent.futures
import shutil

import capstone
from variants import Variants
from workspace import COURSE, HERE, Workspace, changed

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
    ("  return n;\n}\ninline int early = (std::exit(0), 1);\ninline int64_t other(const Shape&, int64_t n) {",
     "course/array.hpp: what runs before the test ended the program"),
    ('  for (;;) std::puts("...");', "course/array.hpp: count prints more than 1000 kilobytes"),
    ("  std::vector<Shape*> all; for (auto& one : std::vector<int*>()) all.emplace_back(one);",
     "course/array.hpp does not compile (chapter 1)", "used so in course/array.hpp:"),
    ('  throw std::runtime_error("");', "course/array.hpp: count"),
    ("  throw 5;", "count was stopped", "an exception that is no std::exception"),
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


def check_faults(all, built):
    """What compiles is one program, as the wrong solutions of a chapter are."""
    array = (HERE / "solutions" / "array.hpp").read_text()
    variants = Variants()

    def alone(files):
        with Workspace(files, built) as work:
            return work.course("verify", "1")

    def chosen(variant):
        return together.course("verify", "1", COURSE_VARIANT=str(variant), COURSE_SECONDS="1")

    faults = []
    for line, *says in FAULTS:
        files = {"array.hpp": changed(array, LOOP, line + "\n", "array.hpp")}
        apart = "inline" in line or any("does not compile" in one for one in says)
        faults.append((line, says, None if apart else variants.add(files), files))
    with Workspace(variants.files(), built) as together:
        for line, says, variant, files in faults:
            all.expect(line, alone(files) if variant is None else chosen(variant), 1, *says)


def check_files(all, built):
    work = Workspace(None, built)
    array = work.folder / "array.hpp"
    array.write_text("mine")
    all.expect("start keeps what is there", work.course("start"), 0, "stay as they are")
    if array.read_text() != "mine":
        all.failures.append("start overwrites what a learner wrote")
    array.unlink()
    all.expect("a file is gone", work.course("verify", "1"), 1, "array.hpp is gone", "tools/course start")
    all.expect("start again", work.course("start"), 0, "1 new")
    all.expect("a solution before one's own", work.course("solution", "1"), 1, "solve it first")
    all.expect("a blank", work.course("verify", "1"), 1, "count is still blank")
    for step in (1, 2, 3, 3):
        all.expect(f"hint {step}", work.course("hint", "1"), 0, f"count, hint {step}.")
    all.expect("status", work.course("status"), 0, "0 of 18 chapters are solved")
    tape = work.folder / "tape.hpp"
    tape.write_text(tape.read_text() + "int 1;\n")
    all.expect("two files at once, the first", work.course("verify", "1"), 1, "count is still blank")
    all.expect("two files at once, the second", work.course("verify", "3"), 1, "course/tape.hpp:")
    shutil.copy(HERE / "solutions" / "array.hpp", work.folder)
    all.expect("a file that compiles again", work.course("verify", "1"), 0, "Chapter 1 is solved")
    for number in range(1, 19):
        (work.folder / ".build" / f"passed.{number:02}").touch()
    all.expect("a hint when all is solved", work.course("hint"), 0, "Every chapter is solved")
    tape.write_text(tape.read_text().replace("\nint 1;\n", "\n"))
    shutil.copy(COURSE / "exercises" / "array.hpp", work.folder)
    all.expect("a blank of another chapter", work.course("verify", "3"), 1,
               "is still blank Chapter 1 comes first: tools/course verify 1")
    array.write_text(array.read_text() + "int 1;\n")
    got = work.course("verify", "1")
    all.expect("a chapter that does not compile", got, 1, "does not compile")
    if "hint" in got[1]:
        all.failures.append("a hint is offered for what does not compile")
    (work.folder / ".build" / "passed.01").unlink(missing_ok=True)
    all.expect("a hint for what does not compile", work.course("hint", "1"), 1, "was graded: tools/course verify 1")
    all.expect("no compiler", work.course("run", "3", CXX="none-such"), 1, "needs a C++20 compiler")
    work.close()


def check_two_at_once(all, built):
    """Each grades the files as they are when it begins, whatever the other does."""
    work = Workspace(None, built)
    first = work.start("verify", "1")
    first.stdout.readline()  # it has begun
    shutil.copy(COURSE / "exercises" / "array.hpp", work.folder)
    all.expect("the second of two at once", work.course("verify", "1"), 1, "count is still blank")
    said = first.stdout.read()
    all.expect("the first of two at once", (first.wait(), said), 0, "Chapter 1 is solved")
    all.expect("nothing is left of either", work.course("verify", "1"), 1, "count is still blank")
    left = [path.name for path in work.build.glob("try.*")]
    if left:
        all.failures.append(f"verify leaves {left}")
    work.close()


def check_runs(all, built):
    """The program of a chapter, with a `forward` that is wrong."""
    right, line = (HERE / "solutions" / "by_hand.hpp").read_text(), "  p.y = p.h * x2;\n"
    for fault, code, says in [
        ("for (;;) p.y = 0;", 1, "the program of chapter 2 takes longer than 6 seconds: a loop that does not end?"),
        ("*(volatile int*)nullptr = 1;", 1, "course/by_hand.hpp: the program of chapter 2 crashed"),
        ("throw 7;", 134, "terminate called"),
        ("p.y = p;", 1, "course/by_hand.hpp does not compile (chapter 2)"),
    ]:
        with Workspace({"by_hand.hpp": changed(right, line, fault + "\n", "by_hand.hpp")}, built) as work:
            got = work.course("run", "2", COURSE_SECONDS="1")
            all.expect(f"run with {fault}", got, code, says)
            if "longer" in says and len(got[1].splitlines()) != 1:
                all.failures.append(f"run with {fault}: not one line:\n{got[1]}")


def check_usage(all, built):
    all.expect("no such command", built.course("grade", "1"), 2, 'no command "grade"')
    all.expect("no such chapter", built.course("verify", "19"), 2, "there is no chapter 19")
    all.expect("a pattern", built.course("verify", "*"), 2, 'a chapter is a number from 1 to 18, not "*"')
    all.expect("no seconds", built.course("verify", "1", COURSE_SECONDS="0.5"), 2, "whole number of seconds")
    all.expect("no number", built.course("verify", "one"), 2, "a chapter is a number")
    all.expect("too much", built.course("verify", "1", "2"), 2, "takes one chapter")
    all.expect("no such capstone", built.course("capstone", "x", "y", "z"), 2, "rnn_search or transformer")
    all.expect("no model", built.course("capstone", "rnn_search", "y"), 2, "a new folder")
    all.expect("help", built.course("help"), 0, "usage: tools/course")
    shutil.rmtree(built.folder)
    all.expect("no folder", built.course("verify", "1"), 1, "tools/course start")
    built.folder.write_text("a file")
    all.expect("a file in the folder's place", built.course("start"), 1, "cannot write into")
    built.folder.unlink()


def check(jobs, grader):
    all, built = Expectations(), Workspace(grader=grader)
    all.expect("the solution", built.course("verify", "1"), 0, "Chapter 1 is solved")
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        checks = [pool.submit(check, all, built)
                  for check in (check_faults, check_files, check_runs, check_two_at_once)]
        checks.append(pool.submit(capstone.check_refusals, all))
        for one in checks:
            one.result()
    check_usage(all, built)
    return all.failures
