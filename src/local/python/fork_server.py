"""Starts Python workers by forking a prepared interpreter, in a millisecond instead of thirty.

One of these runs for each version of Python that functions ask for. It has imported what the runtime
client and most handlers need, has no threads, and sees nothing but the standard library. Requests come as
JSON packets on descriptor 3, with the worker's descriptors attached; each becomes a child that enters its
own root, environment and limits and then runs the runtime client. Exits are reported on the same socket.
"""

import array
import base64  # noqa: F401  (imported so that workers have them already)
import datetime  # noqa: F401
import decimal  # noqa: F401
import io
import json
import logging  # noqa: F401
import os
import pickle  # noqa: F401
import re  # noqa: F401
import resource
import select
import signal
import site
import socket
import struct
import sys
import time
import traceback
import types
import zlib  # noqa: F401
from importlib import util as importlib_util

try:
    import ctypes
except ImportError:  # an interpreter built without libffi: workers do without mounts and reaping
    ctypes = None

CONTROL = 3
OUTPUT, CHANNEL = 0, 1
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 36, 47, 4
CLONE_NEWNS, MS_BIND_REC = 0x00020000, 4096 | 16384
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
libc = ctypes.CDLL(None, use_errno=True) if ctypes else None


def check(result, step):
    if result != 0:
        raise OSError(ctypes.get_errno(), step)


def bind(source, target, writable=False):
    check(libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(MS_BIND_REC), None), target)
    if not writable:
        attributes = struct.pack("=4Q", MOUNT_ATTR_RDONLY, 0, 0, 0)
        libc.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE, attributes, len(attributes))


def enter_root(root, code, opt, tmp):
    """What enter_root() of the supervisor does for processes that it starts itself."""
    check(libc.unshare(CLONE_NEWNS), "unshare")
    bind(code, root + "/var/task")
    if opt:
        bind(opt, root + "/opt")
    bind(tmp, root + "/tmp", writable=True)
    os.chroot(root)


def drop_privileges():
    if os.geteuid() != 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24))


def limit(kind, value):
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def become_worker(request, fds, server):
    if libc:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != server:
        os._exit(1)
    os.setpgid(0, 0)  # not a session, which costs two milliseconds where the kernel groups by session
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, 1024)
    if request["root"]:
        enter_root(request["root"], request["code"], request["opt"], request["tmp"])
    os.chdir(request["directory"])
    if libc:
        drop_privileges()
    # Received descriptors lie above CONTROL, which the channel now replaces.
    os.dup2(fds[OUTPUT], 1)
    os.dup2(fds[OUTPUT], 2)
    os.dup2(fds[CHANNEL], CONTROL, inheritable=False)
    os.closerange(CONTROL + 1, 256)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()


START_FRESH = """
import sys, types
sys.path[:1] = []
client = types.ModuleType("lambdapool_runtime_client")
client.__file__ = sys.argv[1]
sys.modules[client.__name__] = client
exec(compile(sys.argv[2], sys.argv[1], "exec"), client.__dict__)
handler, sys.argv = sys.argv[3], [""]
client.run_fresh(%d, handler)
"""


def start_fresh(request, client):
    """Some settings work only while a process starts: PYTHON* variables, libraries in LD_LIBRARY_PATH."""
    arguments = [sys.executable, "-S", "-s", "-u", "-c", START_FRESH % CONTROL]
    os.set_inheritable(CONTROL, True)
    os.execve(sys.executable, arguments + [client.__file__, client.SOURCE, request["handler"]], os.environ)


def worker_main(request, fds, server, client):
    """Never returns. An error in here ends the worker with a traceback in its log."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        become_worker(request, fds, server)
        if request["fresh"]:
            start_fresh(request, client)
        sys.modules["__main__"] = types.ModuleType("__main__")
        code = client.run(socket.socket(fileno=CONTROL), request["handler"])
    except SystemExit as end:
        code = client.exit_status(end)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            end_of_interpreter()
        finally:
            os._exit(code & 0xFF)


def end_of_interpreter():
    import atexit
    import threading

    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()


def load_client(path):
    spec = importlib_util.spec_from_file_location("lambdapool_runtime_client", path)
    client = importlib_util.module_from_spec(spec)
    sys.modules[spec.name] = client
    spec.loader.exec_module(client)
    client.SOURCE = spec.loader.get_source(spec.name)
    return client


def receive(control):
    fds = array.array("i")
    message, ancillary, _, _ = control.recvmsg(131072, socket.CMSG_SPACE(2 * fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return message, list(fds)


def report(control, **message):
    control.send(json.dumps(message).encode())


def reap(control, workers):
    while workers:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in workers:
            report(control, kind="exited", id=workers.pop(pid), pid=pid, status=status, peak_kb=usage.ru_maxrss)


def serve(control, client):
    server = os.getpid()
    workers = {}
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        for source, _ in poll.poll():
            if source == wake:
                os.read(wake, 4096)
                reap(control, workers)
                continue
            message, fds = receive(control)
            if not message:
                return
            request = json.loads(message)
            try:
                pid = os.fork()
            except OSError as error:
                report(control, kind="failed", id=request["id"], reason=error.strerror)
                pid = -1
            if pid == 0:
                worker_main(request, fds, server, client)
            for fd in fds:
                os.close(fd)
            if pid > 0:
                workers[pid] = request["id"]
                report(control, kind="started", id=request["id"], pid=pid)


def look_like_a_base_interpreter():
    """Started with -I -S, perhaps through a virtual environment: functions must see neither."""
    sys.executable = getattr(sys, "_base_executable", None) or sys.executable
    sys.prefix, sys.exec_prefix = sys.base_prefix, sys.base_exec_prefix
    site.setquit()
    site.setcopyright()
    site.sethelper()
    for name in ("stdout", "stderr"):
        fresh = io.TextIOWrapper(
            io.FileIO(getattr(sys, name).fileno(), "w", closefd=False),
            encoding="utf-8",
            errors="backslashreplace",
            write_through=True,
        )
        setattr(sys, name, fresh)
        setattr(sys, f"__{name}__", fresh)


def main():
    wanted, client_path = sys.argv[1:3]
    found = "%d.%d" % sys.version_info[:2]
    if found != wanted:
        print("this is Python " + found, file=sys.stderr)
        sys.exit(1)
    control = socket.socket(fileno=CONTROL)
    control.set_inheritable(False)
    client = load_client(client_path)
    look_like_a_base_interpreter()
    sys.argv = [""]
    import gc

    gc.collect()
    gc.freeze()
    report(control, kind="ready", executable=sys.executable, mounts=libc is not None)
    serve(control, client)


if __name__ == "__main__":
    main()
