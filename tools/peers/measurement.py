"""Times one work in this process and prints what it took, in the words of `heed bench --json`."""
import json
import platform
import resource
import time


def time_steps(step, seconds=2.0, least=5, most=10000, warm=2):
    """Some steps to get warm, then as many as the seconds hold: (minimum, median) in ms."""
    for _ in range(warm):
        step()
    times, start = [], time.perf_counter()
    while len(times) < least or (len(times) < most and time.perf_counter() - start < seconds):
        begin = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - begin))
    times.sort()
    return times[0], times[len(times) // 2]


def peak_memory():
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(work, case, versions, times=None, **more):
    """Prints a line of JSON; `times`: what time_steps gave."""
    line = {"work": work, "case": case, "peak_rss_mb": round(peak_memory(), 1),
            "versions": {"python": platform.python_version(), **versions}, **more}
    if times:
        line["ms_min"], line["ms_median"] = (round(value, 4) for value in times)
    print(json.dumps(line), flush=True)
