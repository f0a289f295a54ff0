"""Compiles libtorch_autograd.cpp with the headers and libraries inside the torch package."""
import os
import shutil
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libtorch_autograd.cpp")


def compiler():
    return shutil.which(os.environ.get("CXX", "c++"))


def build(folder, torch_folder):
    """The path of the program; `RuntimeError` with the compiler's words if it can't be built."""
    program = os.path.join(folder, "libtorch_autograd")
    include, libraries = (os.path.join(torch_folder, name) for name in ("include", "lib"))
    command = [compiler(), "-O2", "-std=c++20", "-isystem", include, "-isystem",
               os.path.join(include, "torch", "csrc", "api", "include"), SOURCE, "-o", program,
               "-L" + libraries, "-Wl,--no-as-needed", "-ltorch", "-ltorch_cpu", "-lc10",
               "-Wl,-rpath," + libraries]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise RuntimeError("libtorch_autograd.cpp: " + last_line(done.stderr))
    return program


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no message"
