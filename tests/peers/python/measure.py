"""Measures one peer in Python: `measure.py PEER SCENARIO [NUMBER]`. It prints `name value` lines."""

import importlib
import os
import sys
import threading
import time

THREADS, CALLERS, STEP = [1, 2, 4, 8, 16], 64, 7919
peer = importlib.import_module("peer_" + sys.argv[1].lower().replace("-", "_"))


def ready():
    client = peer.Client()
    client.token()
    return client


def held():
    client = ready()
    for threads in THREADS:
        roughly = timed(threads, 2000 // threads, client)
        print(f"held.{threads} {timed(threads, int(60e6 / roughly) // threads + 1, client):.1f}")


def timed(threads, each, client):
    """One thread runs at a time in CPython, so the time of one core is the time that passes."""

    def calls():
        for _ in range(each):
            client.token()

    workers = [threading.Thread(target=calls) for _ in range(threads)]
    begun = time.perf_counter_ns()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.perf_counter_ns() - begun) / (each * threads)


def request():
    client = ready()
    for _ in range(20):
        client.renew()
    micros, processor = [], time.process_time_ns()
    for _ in range(300):
        begun = time.perf_counter_ns()
        client.renew()
        micros.append((time.perf_counter_ns() - begun) / 1e3)
    used = (time.process_time_ns() - processor) / 1e3 / 300
    print(f"request.us {sorted(micros)[150]:.1f}\nrequest.cpu {used:.1f}")


def renewing():
    client, phase, waits = ready(), [0], []
    print("ready 1", flush=True)

    def calls():
        begun, at = time.perf_counter_ns(), phase[0]
        while True:
            try:
                client.token()
            except Exception:
                pass
            ended, then = time.perf_counter_ns(), phase[0]
            if at == 1 or at != then:
                waits.append(ended - begun)
            if then == 2:
                return
            begun, at = ended, then

    workers = [threading.Thread(target=calls) for _ in range(2)]
    for worker in workers:
        worker.start()
    for line in sys.stdin:
        phase[0] = 1 if line.strip() == "begin" else 2
        if phase[0] == 2:
            break
    phase[0] = 2
    for worker in workers:
        worker.join()
    waits.sort()
    print("renewing.calls", len(waits))
    print("renewing.blocked", sum(wait > 100_000_000 for wait in waits))
    for name, share in [("p50", 0.5), ("p99", 0.99), ("p9999", 0.9999), ("longest", 1.0)]:
        print(f"renewing.{name}", waits[int((len(waits) - 1) * share)])


def sessions(count):
    ready()
    before = status("VmRSS:")
    clients = [ready() for _ in range(count)]
    print(f"sessions.bytes.{count}", (status("VmRSS:") - before) * 1024 // count)
    best, turns = None, max(count, 5000)
    for _ in range(3):
        begun, at = time.perf_counter_ns(), 0
        for _ in range(turns):
            clients[at].token()
            at = (at + STEP) % count
        each = (time.perf_counter_ns() - begun) / turns
        best = each if best is None else min(best, each)
    print(f"sessions.{count} {best:.1f}")


def expiry():
    client = ready()
    time.sleep(1.3)
    start, answers, done = threading.Event(), [], threading.Event()

    def call():
        start.wait()
        try:
            client.token()
            answers.append(True)
        except Exception:
            answers.append(False)
        if len(answers) == CALLERS:
            done.set()

    for _ in range(CALLERS):
        threading.Thread(target=call, daemon=True).start()
    wait_for_go()
    begun = time.perf_counter()
    start.set()
    done.wait(3)
    longest, served = (time.perf_counter() - begun) * 1e3, sum(answers)
    print(f"served {served}\nfailed {len(answers) - served}\nwaiting {CALLERS - len(answers)}")
    print(f"longest {longest:.1f}", flush=True)
    os._exit(0)


def process():
    wait_for_go()
    print("token", peer.Client().token())


def minimal():
    print("token", peer.Client().token(), flush=True)
    print("memory", status("VmHWM:"))


def wait_for_go():
    print("ready 1", flush=True)
    sys.stdin.readline()


def status(name):
    """Returns a figure of this process in kB."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))


number = int(sys.argv[3]) if len(sys.argv) > 3 else 0
scenarios = {"sessions": lambda: sessions(number), "seed": ready}
scenarios |= {run.__name__: run for run in (held, request, renewing, expiry, process, minimal)}
scenarios[sys.argv[2]]()
