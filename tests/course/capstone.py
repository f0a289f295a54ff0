"""The capstone: what it refuses is refused in a line and before it trains; what it learns, heed reads."""

import os
import pathlib
import re
import resource
import signal
import subprocess

from workspace import COURSE, Workspace

DATA = {"src": "we arrive\nyou sing\n", "tgt": "nous arrivons\ntu chantes\n"}


def small_data(folder):
    folder.mkdir()
    for part in ("train", "valid", "test"):
        for ending, text in DATA.items():
            (folder / f"{part}.{ending}").write_text(text)
    return folder


def program(work, name):
    """The capstone's program, compiled quickly."""
    path = work.folder / name
    subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O0", f"-I{work.folder}", f"-I{COURSE}/capstone",
                    COURSE / "capstone" / f"{name}.cpp", "-o", path], check=True)
    return path


def no_large_files():
    """As on a disk that is full: a file ends at 4 KiB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def check_refusals(checks):
    work = Workspace()
    rnn_search = program(work, "rnn_search")
    data = small_data(work.folder / "data")

    def run(*arguments, **options):
        done = subprocess.run([rnn_search, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, **options)
        return done.returncode, done.stdout

    def refused(title, code, says, *arguments, **options):
        got = run(*arguments, **options)
        checks.expect(f"capstone, {title}", got, code, says)
        if len(got[1].splitlines()) != 1:
            checks.failures.append(f"capstone, {title}: not one line:\n{got[1]}")

    model = work.folder / "model"
    refused("no folders", 2, "usage: ", data)
    for minutes in ("abc", "0", "-1", "nan", "inf", "1x", ""):
        refused(f'"{minutes}" minutes', 2, "MINUTES is a number larger than 0", data, model, minutes)
    refused("no text", 1, "heed data phrases", work.folder / "none", model)
    (data / "test.tgt").write_text("nous arrivons\n")
    refused("a line is missing", 1, "test.src has 2 sentences, test.tgt 1", data, model)
    (data / "test.tgt").write_text(DATA["tgt"])
    if model.exists():
        checks.failures.append("capstone: what is refused leaves a folder behind")
    file = work.folder / "file"
    file.write_text("mine")
    refused("a file in the model's place", 1, "file is there already", data, file)
    refused("a folder in a file", 1, "cannot make the folder", data, file / "model")
    code, said = run(data, model, "0.001")
    checks.expect("the capstone", (code, said), 0, "1 steps", "of the test sentences")
    before = {path: path.read_bytes() for path in model.iterdir()}
    if sorted(path.name for path in before) != ["config.json", "model.safetensors", "source.vocab", "target.vocab"]:
        checks.failures.append(f"capstone: writes {list(before)}")
    refused("a model that is there", 1, "model is there already and stays as it is", data, model, "0.001")
    if before != {path: path.read_bytes() for path in model.iterdir()}:
        checks.failures.append("capstone: changes a model that is there")
    got = run(data, work.folder / "full", "0.001", preexec_fn=no_large_files)
    checks.expect("capstone, a full disk", got, 1, "cannot write ", "full/model.safetensors")
    work.close()


def learn_and_read(heed, name, data, work):
    """Trains a model; heed must translate the test's sentences by its weights."""
    model, picture = str(work.folder / name), str(work.folder / f"{name}.svg")
    code, said = work.course("capstone", name, str(data), model, "20", timeout=1400)
    print(said)
    right = re.search(r"([0-9.]+) % of the test sentences", said)
    if code or not right or float(right[1]) < 95:
        return [f"the capstone's {name} ends with {code}:\n{said}"]
    done = subprocess.run([heed, "translate", model, "--attention", picture], input=(data / "test.src").read_text(),
                          stdout=subprocess.PIPE, text=True)
    pairs = list(zip(done.stdout.splitlines(), (data / "test.tgt").read_text().splitlines()))
    exact = sum(a == b for a, b in pairs)
    if done.returncode or len(pairs) != 500 or exact < 475 or "<svg" not in pathlib.Path(picture).read_text():
        return [f"heed translates {exact} of {len(pairs)} sentences by the weights of the learner's {name}"]
    return []


def check(heed, name):
    work = Workspace()
    data = work.folder / "data"
    subprocess.run([heed, "data", "phrases", "--out", data], check=True, stderr=subprocess.DEVNULL)
    failures = learn_and_read(heed, name, data, work)
    work.close()
    return failures
