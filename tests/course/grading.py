"""A chapter: its test accepts what is right and names what is wrong, and its page shows what it says."""

import concurrent.futures

from chapters import chapter, other_solutions, wrong_solutions
from pages import check_page, commands
from variants import Variants
from workspace import COURSE, Workspace


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


class Solutions:
    """All solutions of a chapter that are graded: [(title, what must be said or None where it is right, number of
    the variant or None, files)]."""

    def __init__(self, number, name, header):
        right, wrong = other_solutions(header), wrong_solutions(number, name, header)
        self.variants = Variants()
        self.all = [("the solution", None, 0, None)]
        self.all += [(title, says, self.variants.add(files), files)
                     for title, files, says in [(title, files, None) for title, files in right] + wrong]
        handed_out = (COURSE / "exercises" / header).read_text()
        self.all.append(("blank", [f"{header}:", "is still blank"], self.variants.handed_out(header, handed_out), None))
        blanks = self.variants.blanks(header)
        self.all += [(f"blank at line {line}", [f"{header}:{line}: ", "is still blank"], variant, None)
                     for variant, line in blanks.items()]
        self.counts = (len(right) + 1, len(wrong), len(blanks))

    def are_enough(self):
        right, wrong, blanks = self.counts
        return right >= 2 and wrong >= 6 and blanks >= 1


def outputs_of(number, solutions, runs, jobs, grader):
    """(exit code, what is said) of tools/course for each solution, in order, and for each command of `runs`. Most
    solutions are one program, that of the variants; it is compiled while the others are."""
    with Workspace(grader=grader) as built, Workspace(solutions.variants.files(), grader=grader) as together, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:

        def alone(files):
            with Workspace(files, built) as work:
                return work.course("verify", str(number))

        def chosen(variant):
            return together.course("verify", str(number), COURSE_VARIANT=str(variant), COURSE_SECONDS="2")

        ran = [pool.submit(built.course, *command.split()[1:]) for command in runs]
        first = pool.submit(chosen, 0)
        graded = [first if variant == 0 else variant is None and pool.submit(alone, files)
                  for _, _, variant, files in solutions.all]
        first.result()
        graded = [one or pool.submit(chosen, variant) for one, (_, _, variant, _) in zip(graded, solutions.all)]
        return [one.result() for one in graded], [one.result() for one in ran]


def check_chapter(number, write, jobs, grader):
    """Every solution through tools/course, and every output of the page."""
    one = chapter(number)[:3]
    page = COURSE / f"{one[0]}_{one[1]}.md"
    solutions = Solutions(*one)
    runs = [command for command in commands(page.read_text()) if command.startswith("tools/course run ")]
    graded, ran = outputs_of(number, solutions, runs, jobs, grader)
    failures, outputs, verify = [], {}, f"tools/course verify {number}"
    for (title, says, _, _), got in zip(solutions.all, graded):
        where = f"chapter {number}, {title}"
        failures += accept(where, got) if says is None else refuse(where, got, says)
        outputs[verify if title == "the solution" else f"{title}: {verify}"] = got[1]
    for command, (code, said) in zip(runs, ran):
        outputs[command] = said
        failures += [f"{command} ends with {code}:\n{said}"] if code else []
    failures += check_page(page, outputs, write)
    right, wrong, blanks = solutions.counts
    if not solutions.are_enough():
        failures.append(f"chapter {number} needs blanks, a second solution, and six wrong solutions")
    print(f"chapter {number}: {right} right, {wrong} wrong solutions, {blanks} blanks")
    return failures
