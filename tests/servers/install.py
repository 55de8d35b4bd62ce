#!/usr/bin/env python3
"""Installs the servers and programs that the tests use, each into `target/servers/`.

    python3 tests/servers/install.py [--check] [NAME...]

What is installed as wanted is left alone. It needs Python 3.10 with `venv`, Node 20 with npm,
and the network the first time. With `--check` it installs nothing and fails if one is missing.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys

SERVERS = pathlib.Path(__file__).resolve().parent
TARGET = SERVERS.parent.parent / "target" / "servers"
OLDEST_PYTHON = (3, 10)
OLDEST_NODE = 20
AND_THEN = "then: python3 tests/servers/install.py"


def main():
    if sys.version_info < OLDEST_PYTHON:
        fail("Python is too old", "apt-get install python3, or another way to Python 3.10 or newer")
    names = [word for word in sys.argv[1:] if word != "--check"]
    for folder in sorted(folder for folder in SERVERS.iterdir() if folder.is_dir()):
        if folder.name in names or not names:
            install(folder, "--check" in sys.argv)


def install(source, only_check):
    lock = source / "package-lock.json"
    kind = Packages(lock) if lock.exists() else Environment(source / "requirements.txt")
    target = TARGET / source.name
    stamp = target / "installed"
    wanted = hashlib.sha256(repr(kind.wanted()).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and kind.is_in(target):
        say(f"{source.name}: installed")
        return
    if only_check:
        sys.exit(f"{source.name}: not installed")
    shutil.rmtree(target, ignore_errors=True)
    say(f"{source.name}: installing into {target.relative_to(TARGET.parent.parent)}")
    kind.install(target)
    stamp.write_text(wanted)
    say(f"{source.name}: installed")


class Environment:
    """Python packages in a virtual environment."""

    def __init__(self, requirements):
        self.requirements = requirements

    def wanted(self):
        """Returns a value that changes with the packages to install and with the interpreter."""
        return sys.version, pins(self.requirements)

    def is_in(self, target):
        return python_of(target).exists()

    def install(self, target):
        if run(sys.executable, "-m", "venv", target).returncode != 0:
            shutil.rmtree(target, ignore_errors=True)
            fail("this Python cannot make a virtual environment", "apt-get install python3-venv")
        # Wheels only: nothing is compiled, and no package runs its own code during installation.
        pip = [python_of(target), "-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:"]
        installed = run(*pip, "--disable-pip-version-check", "--requirement", self.requirements)
        if installed.returncode != 0:
            fail(last_line(installed), f"let pip reach its index (HTTPS_PROXY, PIP_INDEX_URL), {AND_THEN}")


class Packages:
    """Node packages, exactly as locked."""

    def __init__(self, lock):
        self.lock = lock

    def wanted(self):
        return self.lock.read_text()

    def is_in(self, target):
        return (target / "node_modules").is_dir()

    def install(self, target):
        node = run("node", "--version")
        if node.returncode != 0 or int(node.stdout.strip("v").split(".")[0]) < OLDEST_NODE:
            fail("Node is missing or too old", f"apt-get install nodejs npm, or another way to Node {OLDEST_NODE}")
        target.mkdir(parents=True)
        for file in (self.lock, self.lock.with_name("package.json")):
            shutil.copy(file, target)
        # No package runs its own code during installation.
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", target]
        installed = run(*npm)
        if installed.returncode != 0:
            fail(last_line(installed), f"let npm reach its registry (npm config set registry), {AND_THEN}")


def pins(requirements):
    lines = (line.split("#")[0].strip() for line in requirements.read_text().splitlines())
    return [line for line in lines if line]


def python_of(venv):
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(*command):
    words = [shutil.which(str(command[0])) or str(command[0]), *(str(word) for word in command[1:])]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        return subprocess.CompletedProcess(words, 127, "", str(missing))


def last_line(process):
    lines = [line for line in (process.stdout + process.stderr).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit status {process.returncode}"


def say(line):
    print(line, flush=True)


def fail(problem, fix):
    sys.exit(f"not installed: {problem}\nto fix it: {fix}")


if __name__ == "__main__":
    main()
