"""The loop around each Python client of the tests.

A client is started as `CLIENT NAME WORKERS CALLS PAUSE`: each worker makes CALLS
calls, PAUSE seconds apart, a GET and a POST in turn. For each call there is a
line on standard output, `GET - 200` or `POST the-request-id 200`; in place of
the status stands `failed` where there was no answer, and why on standard error.
"""

import sys
import threading
import time


def run(worker):
    """Runs the workers. `worker()` is called once in each of them, and returns a
    function that takes the method and the id of a request, and returns the
    status of the answer."""
    name, workers, calls, pause = sys.argv[1:]
    workers, calls, pause = int(workers), int(calls), float(pause)
    lines = []
    threads = [
        threading.Thread(
            target=_work,
            args=(worker(), f"{name}-{number}", calls, pause, pause * number / workers, lines),
        )
        for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(lines))


def _work(call, name, calls, pause, start, lines):
    # Not all at once: that is how clients that work side by side behave.
    time.sleep(start)
    begun = time.monotonic()
    for number in range(calls):
        method, id = ("POST", f"{name}-{number}") if number % 2 else ("GET", "-")
        try:
            status = call(method, id)
        except Exception as why:
            print(f"{method} {id}: {type(why).__name__}: {why}", file=sys.stderr)
            status = "failed"
        lines.append(f"{method} {id} {status}")
        time.sleep(max(0, begun + (number + 1) * pause - time.monotonic()))
