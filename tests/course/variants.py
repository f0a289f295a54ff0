"""Many solutions of a chapter as one program: compiling takes seconds, running does not."""

import re

from workspace import HERE


def parts(text):
    """A solution's lines as [(number of the first, lines)]: outside of blanks, inside, outside, ... The lines
    "// blank: what to do" and "// end" are outside."""
    found, inside, marks = [(1, [])], False, False
    for number, line in enumerate(text.splitlines(), 1):
        if marks and not re.match(r" *// blank: ", line):
            found.append((number, []))
            inside, marks = True, False
        elif re.match(r" *// blank: ", line):
            marks = True
        if inside and re.match(r" *// end$", line):
            found.append((number, []))
            inside = False
        found[-1][1].append(line)
    return found


class Variants:
    """Solutions that differ from the chapter's in their blanks alone, each with a number from 1 on."""

    def __init__(self):
        self.count = 0
        self.changes = {}  # file -> {part: {number: lines}}

    def add(self, files):
        """The number of a solution, None if it differs elsewhere as well."""
        new = {}
        for file, text in files.items():
            known, now = parts((HERE / "solutions" / file).read_text()), parts(text)
            outside = [lines for _, lines in known[::2]]
            if [lines for _, lines in now[::2]] != outside:
                return None
            new[file] = {i: now[i][1] for i in range(1, len(known), 2) if now[i][1] != known[i][1]}
        self.count += 1
        for file, changed in new.items():
            for part, lines in changed.items():
                self.changes.setdefault(file, {}).setdefault(part, {})[self.count] = lines
        return self.count

    def blanks(self, header):
        """Each marked part left blank: {number: the line that BLANK stands in}."""
        found = {}
        for part, (line, _) in list(enumerate(parts((HERE / "solutions" / header).read_text())))[1::2]:
            self.count += 1
            self.changes.setdefault(header, {}).setdefault(part, {})[self.count] = ["BLANK;"]
            found[self.count] = line
        return found

    def files(self):
        """Headers that hold all of them, of which COURSE_VARIANT chooses one."""
        return {"choice.hpp": (HERE / "choice.hpp").read_text(), **{file: self.merged(file) for file in self.changes}}

    def merged(self, file):
        lines = []
        for part, (first, solution) in enumerate(parts((HERE / "solutions" / file).read_text())):
            for number, changed in self.changes[file].get(part, {}).items():
                lines += [f"if (::course::chosen({number})) {{", f"#line {first}", *changed, "} else"]
            inside = part % 2 == 1
            lines += ["{"] * inside + [f"#line {first}", *solution] + ["}"] * inside
        return "\n".join(lines).replace("#pragma once", '#pragma once\n#include "choice.hpp"\n#line 2', 1) + "\n"
