"""Where a task was when it crashed, or when its time was about to run out, in the log that its error brings along.

A signal asks for it, since its handler (faulthandler's, in C) needs neither the interpreter's lock nor a thread of
ours: with one, each fork of a task would warn of threads.
"""

import faulthandler
import signal
import time

try:
    import ctypes
except ImportError:  # an interpreter built without libffi: crashes are told of, deadlines are not
    ctypes = None  # type: ignore[assignment]

STDERR = 2
SIGNAL = getattr(signal, "SIGRTMAX", signal.SIGUSR2) - 3
CLOCK_MONOTONIC = 1
AHEAD_SECONDS = 0.25  # what writing it may take
LEAST_SECONDS = 1.0  # of a function with less time there is too little to tell
STEPS = 16  # a second


def on_crash():
    """From now on a fatal signal writes all threads' stacks before it ends the process."""
    if not faulthandler.is_enabled():
        faulthandler.enable(STDERR)


class Deadline:
    """The process's timer for it. Where the system has none it does nothing.

    To set it takes longer than a small task. So what can be prepared is kept, and a timer that is set goes on to serve
    those that come next, while it is at most two steps early for them."""

    def __init__(self):
        self._owner = None  # timers are not inherited by forks
        self._set = None
        self._at = None  # where it is set: when it ends, by time.monotonic()

    def begin(self, ends, process):
        """The platform ends this process, whose id is `process`, then: by time.monotonic(), as are all times here."""
        at, now = ends - AHEAD_SECONDS, time.monotonic()
        if not LEAST_SECONDS <= ends - now < 1e9:
            return self.end(process)
        if self._owner != process:
            self._owner, self._set, self._at = process, _timer(), None
        if self._set is None:
            return
        if self._at is None or not 0 <= at - self._at <= 2 / STEPS:
            steps = int((at - now) * STEPS)
            self._set(steps)
            self._at = now + steps / STEPS

    def end(self, process):
        """Before what comes next is waited for, or whenever that is not known."""
        if self._set is not None and self._at is not None and self._owner == process:
            self._set(0)
            self._at = None


def _library_with_timers():
    """None where there is none."""
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "timer_create") else ctypes.CDLL("librt.so.1")  # before glibc 2.34
    except Exception:
        return None


_library = _library_with_timers()  # when this is imported, since it takes longer than a small task


def _timer():
    """A function that sets POSIX's timer_create(2), in STEPS of a second; 0 stops it. None where there is none."""
    library = _library
    try:
        if library is None or signal.getsignal(SIGNAL) is not signal.SIG_DFL:
            return None
        timer = ctypes.c_void_p()
        event = ctypes.create_string_buffer(64)  # struct sigevent: an address, the signal, SIGEV_SIGNAL
        ctypes.c_int.from_buffer(event, ctypes.sizeof(ctypes.c_void_p)).value = SIGNAL
        if library.timer_create(CLOCK_MONOTONIC, event, ctypes.byref(timer)) != 0:
            return None
        faulthandler.register(SIGNAL, STDERR, all_threads=True, chain=False)
    except Exception:
        return None
    settime = library.timer_settime
    times: "dict[int, tuple[ctypes.c_void_p, ctypes.Array[ctypes.c_long]]]" = {}  # struct itimerspec, by steps

    def set_timer(steps):
        if steps not in times:
            if len(times) > 1000:
                times.clear()
            spec = (ctypes.c_long * 4)(0, 0, steps // STEPS, steps % STEPS * (10**9 // STEPS))
            times[steps] = ctypes.cast(spec, ctypes.c_void_p), spec
        settime(timer, 0, times[steps][0], None)

    return set_timer
