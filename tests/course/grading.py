"""A chapter: its test accepts what is right and names what is wrong, and its page shows what it says."""

import concurrent.futures
import dataclasses

from chapters import chapter, chapters, other_solutions, wrong_solutions
from pages import check_page, commands
from variants import Variants
from workspace import COURSE, Workspace, seconds_until


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


@dataclasses.dataclass
class Solution:
    title: str  # before a colon it is what a page shows of it: "TITLE: tools/course verify N"
    says: list = None  # what must be said of it, None where it is right
    variant: int = None  # its number in the program of the variants, None where it is a program of its own
    files: dict = None


class Solutions:
    """All solutions of a chapter that are graded; the first is the chapter's own."""

    def __init__(self, number, name, header):
        right, wrong = other_solutions(header), wrong_solutions(number, name, header)
        self.variants = Variants()
        self.all = [Solution("the solution", variant=0)]
        for title, files, says in [(title, files, None) for title, files in right] + wrong:
            self.all.append(Solution(title, says, self.variants.add(files), files))
        handed_out = (COURSE / "exercises" / header).read_text()
        self.all.append(Solution("blank", [f"{header}:", "is still blank"],
                                 self.variants.handed_out(header, handed_out)))
        blanks = self.variants.blanks(header)
        self.all += [Solution(f"blank at line {line}", [f"{header}:{line}: ", "is still blank"], variant)
                     for variant, line in blanks.items()]
        self.counts = (len(right) + 1, len(wrong), len(blanks))

    def failures(self, number):
        """What a chapter lacks. Answers are kept by title: a second one would take the first one's place."""
        right, wrong, blanks = self.counts
        titles = [one.title for one in self.all]
        failures = [f'chapter {number}: two solutions are called "{title}"'
                    for title in sorted(set(titles)) if titles.count(title) > 1]
        if right < 2 or wrong < 6 or blanks < 1:
            failures.append(f"chapter {number} needs blanks, a second solution, and six wrong solutions")
        return failures


def outputs_of(number, solutions, runs, jobs, grader):
    """(exit code, what is said) of tools/course for each solution, by its title, and for each command of `runs`. Most
    solutions are one program, that of the variants; it is compiled while the others are."""
    with Workspace(grader=grader) as built, Workspace(solutions.variants.files(), grader=grader) as together, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:

        def alone(one):
            with Workspace(one.files, built) as work:
                return work.course("verify", str(number))

        def chosen(one):
            return together.course("verify", str(number), COURSE_VARIANT=str(one.variant),
                                   COURSE_SECONDS=seconds_until(one.says))

        ran = {command: pool.submit(built.course, *command.split()[1:]) for command in runs}
        first, *others = solutions.all
        graded = {first.title: pool.submit(chosen, first)}
        for one in others:
            if one.variant is None:
                graded[one.title] = pool.submit(alone, one)
        graded[first.title].result()  # the program of the variants is compiled once, then kept
        for one in others:
            if one.variant is not None:
                graded[one.title] = pool.submit(chosen, one)
        return [{key: one.result() for key, one in of.items()} for of in (graded, ran)]


def check_chapter(number, write, jobs, grader):
    """Every solution through tools/course, and every output of the page."""
    one = chapter(number)[:3]
    page = COURSE / f"{one[0]}_{one[1]}.md"
    solutions = Solutions(*one)
    failures = solutions.failures(number)
    runs = [command for command in commands(page.read_text()) if command.startswith("tools/course run ")]
    graded, ran = outputs_of(number, solutions, runs, jobs, grader)
    outputs, verify = {}, f"tools/course verify {number}"
    for one in solutions.all:
        got, where = graded[one.title], f"chapter {number}, {one.title}"
        failures += accept(where, got) if one.says is None else refuse(where, got, one.says)
        outputs[verify if one.title == "the solution" else f"{one.title}: {verify}"] = got[1]
    for command, (code, said) in ran.items():
        outputs[command] = said
        failures += [f"{command} ends with {code}:\n{said}"] if code else []
    failures += check_page(page, outputs, write)
    right, wrong, blanks = solutions.counts
    print(f"chapter {number}: {right} right, {wrong} wrong solutions, {blanks} blanks")
    return failures


def check_learner(jobs, grader):
    """The solutions as a learner has them, each a program of its own, without the variants."""
    with Workspace(grader=grader) as work, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        numbers = [str(int(one[0])) for one in chapters()]
        graded = pool.map(lambda number: work.course("verify", number), numbers)
        return sum((accept(f"chapter {number}, as a learner has it", got)
                    for number, got in zip(numbers, graded)), [])
