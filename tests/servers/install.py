#!/usr/bin/env python3
"""Installs the authorization servers that the tests talk to, each into `target/servers/`.

Run it as often as you like: what is there already is left alone. It needs Python 3.10 with `venv`,
and the network the first time.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys

SERVERS = pathlib.Path(__file__).resolve().parent
TARGET = SERVERS.parent.parent / "target" / "servers"
OLDEST_PYTHON = (3, 10)


def main():
    if sys.version_info < OLDEST_PYTHON:
        fail("Python is too old", "apt-get install python3, or another way to Python 3.10 or newer")
    for requirements in sorted(SERVERS.glob("*/requirements.txt")):
        install(requirements)


def install(requirements):
    name = requirements.parent.name
    venv = TARGET / name
    stamp = venv / "installed"
    wanted = fingerprint(requirements)
    if python_of(venv).exists() and stamp.exists() and stamp.read_text() == wanted:
        say(f"{name}: installed")
        return
    say(f"{name}: making {venv.relative_to(TARGET.parent.parent)}")
    make_venv(venv)
    say(f"{name}: installing {len(pins(requirements))} packages")
    install_packages(venv, requirements)
    stamp.write_text(wanted)
    say(f"{name}: installed")


def make_venv(venv):
    shutil.rmtree(venv, ignore_errors=True)
    made = run(sys.executable, "-m", "venv", venv)
    if made.returncode != 0:
        shutil.rmtree(venv, ignore_errors=True)
        fail("this Python cannot make a virtual environment", "apt-get install python3-venv")


def install_packages(venv, requirements):
    # Wheels only: nothing is compiled, and no package runs code of its own while it is installed.
    pip = [python_of(venv), "-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:"]
    installed = run(*pip, "--disable-pip-version-check", "--requirement", requirements)
    if installed.returncode != 0:
        reach = "let pip reach its index (HTTPS_PROXY, PIP_INDEX_URL)"
        fail(last_line(installed), f"{reach}, then: python3 tests/servers/install.py")


def pins(requirements):
    lines = (line.split("#")[0].strip() for line in requirements.read_text().splitlines())
    return [line for line in lines if line]


def fingerprint(requirements):
    """Changes whenever what should be installed does, or the Python that it is installed for."""
    return hashlib.sha256(repr((sys.version, pins(requirements))).encode()).hexdigest()


def python_of(venv):
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def last_line(process):
    lines = [line for line in (process.stdout + process.stderr).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit status {process.returncode}"


def say(line):
    print(line, flush=True)


def fail(problem, fix):
    sys.exit(f"not installed: {problem}\nto fix it: {fix}")


if __name__ == "__main__":
    main()
