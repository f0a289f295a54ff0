"""The pages show the code and the output that there is."""

import difflib
import re

from workspace import COURSE

BLOCK = r"\n```[a-z]*\n[^\0]*?^```$"
RUN = r"<!-- run: (.*) -->"
CODE = r"(?P<mark><!-- code: (\S+) \[(\S+)\] -->)"


def commands(text):
    """What a page runs: "COMMAND", "blank: COMMAND" with the chapter's exercises as they are handed out, "NAME:
    COMMAND" with the wrong solution of that name."""
    return re.findall(RUN + BLOCK, text, flags=re.M)


def region(path, name):
    """The lines between "// [name]" and "// [/name]"."""
    found = re.search(rf"^ *// \[{re.escape(name)}\]\n([^\0]*?)^ *// \[/{re.escape(name)}\]$",
                      path.read_text(), flags=re.M)
    if not found:
        raise SystemExit(f"{path}: no region [{name}]")
    return found[1]


def page_of(text, outputs):
    """A page with its code and its outputs as they are now:

    <!-- code: FILE [REGION] -->   then a block: those lines of a file of docs/course
    <!-- run: COMMAND -->          then a block: what it prints, after a line "$ COMMAND"

    A block without a mark shows what differs from machine to machine: times.
    """
    def run(found):
        shown = found[1].rsplit(": ", 1)[-1]
        return f"<!-- run: {found[1]} -->\n```console\n$ {shown}\n{outputs[found[1]].rstrip()}\n```"

    text = re.sub(CODE + BLOCK,
                  lambda m: f"{m['mark']}\n```cpp\n{region(COURSE / m[2], m[3])}```", text, flags=re.M)
    return re.sub(RUN + BLOCK, run, text, flags=re.M)


def without_block(text):
    """The marks that no block follows at once: what stands there would go unchecked."""
    marks = re.findall(r"^.*<!-- *(?:run|code)\b.*$", text, flags=re.M)
    followed = [found[0].splitlines()[0] for found in re.finditer(f"(?:{RUN}|{CODE}){BLOCK}", text, flags=re.M)]
    return [mark for mark in marks if mark not in followed]


def check_page(path, outputs, write):
    """What is wrong with a page, given what each of its commands prints."""
    text = path.read_text()
    missing = [f'{path.name}: there is no "{command}"' for command in commands(text) if command not in outputs]
    if missing:
        return missing
    now = page_of(text, outputs)
    wrong = []
    wrong += [f"{path.name}: no block follows {mark}" for mark in without_block(text)]
    if len(text.splitlines()) > 250:
        wrong.append(f"{path.name} has {len(text.splitlines())} lines, must be at most 250")
    if text != now and write:
        path.write_text(now)
    elif text != now:
        wrong.append("\n".join(difflib.unified_diff(text.splitlines(), now.splitlines(), path.name,
                                                    "what there is", lineterm="")))
    return wrong
