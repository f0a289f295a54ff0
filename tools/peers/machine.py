"""What the figures were measured on."""
import os
import platform


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores():
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def machine():
    """heed's own lines add its instruction set and the kernels of OpenBLAS."""
    return {"cpu": cpu_model(), "cores": cores(), "system": platform.system(),
            "kernel": platform.release()}
