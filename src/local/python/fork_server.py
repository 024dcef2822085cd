"""Starts Python workers by forking a prepared interpreter, in a millisecond instead of thirty.

One of these runs for each version of Python that functions ask for. It has imported what the runtime
client and most handlers need, has no threads, and sees nothing but the standard library. Requests come as
packets on descriptor 3 (worker or template, its code, its layers, a number, and all of it as JSON), with the worker's
descriptors attached; each becomes a child that enters its own root, environment and limits and then runs the
runtime client. Exits are reported on the same socket.

Some children become templates: they import the packages of one function (template.py) and then serve such
requests themselves, on a socket of their own.
"""

import base64  # noqa: F401  (imported so that workers have them already)
import gc
import io
import json
import os
import pickle  # noqa: F401
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

try:
    import ctypes
except ImportError:  # an interpreter built without libffi: workers do without mounts and reaping
    ctypes = None

CONTROL = 3
OUTPUT, CHANNEL = 0, 1
AFTERWARDS_SECONDS = 0.002  # until what nobody waits for is done, unless somebody asks for more
WORKER = b"worker"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 36, 47, 4
MS_BIND_REC = 4096 | 16384
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
CAPABILITY_VERSION_3, CAP_SYS_ADMIN = 0x20080522, 1 << 21
libc = ctypes.CDLL(None, use_errno=True) if ctypes else None


def check(result, step):
    if result != 0:
        raise OSError(ctypes.get_errno(), step)


def bind(source, target, writable=False):
    check(libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(MS_BIND_REC), None), target)
    if not writable:
        attributes = struct.pack("=4Q", MOUNT_ATTR_RDONLY, 0, 0, 0)
        libc.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(target), AT_RECURSIVE, attributes, len(attributes))


def enter_root(root, code, opt, tmp, kept=None):
    """What enter_root() of the supervisor does for processes that it starts itself."""
    check(reserve_module.stand_apart(libc.unshare), "unshare")
    bind(code, root + "/var/task")
    if opt:
        bind(opt, root + "/opt")
    directory, mounted = sdk.to_bind()
    if os.path.isdir(directory):
        bind(directory, root + mounted)
    bind(tmp, root + "/tmp", writable=True)
    if kept:
        kept.outside = os.open("/", os.O_PATH | os.O_CLOEXEC)  # of this namespace
    os.chroot(root)


def enter_tmp(tmp, kept):
    """The same for a child of a template, which has the rest already; reached from outside of its root."""
    set_privileges(effective=CAP_SYS_ADMIN, permitted=CAP_SYS_ADMIN)
    os.fchdir(kept.outside)
    kept.copy_files(tmp.lstrip("/"))
    check(libc.unshare(reserve_module.CLONE_NEWNS), "unshare")  # the working directory is then the new namespace's
    bind(tmp.lstrip("/"), "/tmp", writable=True)


def set_privileges(effective=0, permitted=0):
    """Root has and keeps its own."""
    if libc and os.geteuid() != 0:
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        libc.capset(struct.pack("=Ii", CAPABILITY_VERSION_3, 0), struct.pack("=6I", effective, permitted, 0, 0, 0, 0))


def limit(kind, value):
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def default_signals():
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)


def join(server):
    """Ends with the server, and is a group of its own."""
    if libc:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        os._exit(1)
    os.setpgid(0, 0)  # not a session, which costs two milliseconds where the kernel groups by session
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, 1024)


def settle(server):
    """What can be done before it is known what a worker is for."""
    default_signals()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    join(server)
    if libc:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def become_worker(request, fds, kept):
    if request["root"] and kept:
        enter_tmp(request["tmp"], kept)
    elif request["root"]:
        enter_root(request["root"], request["code"], request["opt"], request["tmp"])
    if not kept:
        sdk.enter(request["root"])
    os.chdir(request["directory"])
    set_privileges()
    os.dup2(fds[CHANNEL], CONTROL, inheritable=False)
    os.closerange(CONTROL + 1, 256)
    set_environment(request["environment"])
    if kept:
        kept.hand_on()


def set_environment(variables):
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()


def worker_main(request, fds, server, client, kept, spare, settled=False):
    """Never returns. An error in here ends the worker with a traceback in its log."""
    code = 1
    try:
        # Received descriptors lie above CONTROL, which the channel later replaces.
        os.dup2(fds[OUTPUT], 1)
        os.dup2(fds[OUTPUT], 2)
        if not settled:
            settle(server)
        become_worker(request, fds, kept)
        if request["fresh"]:
            fresh.start(OWN[: OWN.index("runtime_client") + 1], sdk.finder, CONTROL)
        if not kept:
            sys.modules["__main__"] = types.ModuleType("__main__")
            client.prepare()
        spare.hand_on(request)
        news = template.Imports(client).news if request["tell_imports"] else bytes
        code = client.run(socket.socket(fileno=CONTROL), request["handler"], news)
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


def become_template(request, fds, server):
    """Like a worker, with a place of its own to import things in. Returns the names of what to import, what its
    workers get beside its memory, and where compiled modules are kept."""
    join(server)
    os.dup2(fds[CHANNEL], CONTROL, inheritable=False)
    output = os.memfd_create("output")
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(CONTROL + 1, 256)
    with open(request["modules"], encoding="utf-8") as file:
        names = file.read().split()
    kept = template.Kept()
    bytecode = os.open(request["bytecode"], os.O_PATH | os.O_CLOEXEC)
    if request["root"]:
        enter_root(request["root"], request["code"], request["opt"], request["tmp"], kept)
    sdk.enter(request["root"])
    os.chdir(request["directory"])
    set_privileges(permitted=CAP_SYS_ADMIN)
    set_environment(request["environment"])
    sys.modules["__main__"] = types.ModuleType("__main__")
    return names, kept, bytecode


def template_main(request, fds, server, client, spare):
    """Never returns. Says whether it is ready or why not, and then forks workers or ends."""
    try:
        default_signals()
        names, kept, bytecode = become_template(request, fds, server)
        control = socket.socket(fileno=CONTROL)
        client.prepare()
        packages = template.Packages(os.environ["LAMBDA_TASK_ROOT"], client.opt_directory())
        try:
            with template.Bytecode("/proc/self/fd/%d" % bytecode, packages):
                template.import_packages(names, packages)
            os.close(bytecode)
            os.chdir(request["directory"])
            kept.gather(request)
        except template.Unfit as reason:
            report(control, kind="unfit", reason=str(reason)[:1000], module=reason.module)
            os._exit(0)
        freeze()
        report(control, kind="ready")
        serve(control, client, spare, kept)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def freeze():
    """So that forks share what is there: the collector would write to each object."""
    gc.collect()
    gc.freeze()


def report(control, **message):
    control.send(json.dumps(message).encode())


def note(control, workers, number, pid):
    workers[pid] = number
    report(control, kind="started", id=number, pid=pid)


def practise(variables):
    """A request to itself, which hands it on. What that writes to of the memory that a fork shares is copied now, and
    not while somebody waits."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    report(ends[0], environment=variables)
    message, _ = reserve_module.receive(ends[1])
    json.loads(message)
    sdk.is_needless(os.fsdecode(b""), os.fsdecode(b""))
    reserve_module.hand_on(ends[0], message, [CONTROL, CONTROL])
    for fd in reserve_module.receive(ends[1])[1]:
        os.close(fd)
    for end in ends:
        end.close()


def get_ready(server, client, spare):
    """All that a worker does before it is known what it is for, and what can be rehearsed of the rest."""
    settle(server)
    try:
        if libc:
            sdk.to_bind()
            bind("", "")  # fails, after most of what it does; there is no such directory
    except OSError:
        pass
    spare.rehearse(client)


def reap(control, workers, reserve):
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in workers:
            report(control, kind="exited", id=workers.pop(pid), pid=pid, status=status, peak_kb=usage.ru_maxrss)
        sdk.ended(pid)
        reserve.ended(pid)


def wake_on_signals():
    """What becomes readable with the number of each that arrives: of a child's end, of a worker that wants the SDK."""
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    for number in (signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    return wake


def serve(control, client, spare, kept=None):
    server = os.getpid()
    workers = {}
    waiting = []  # for the SDK
    wake = wake_on_signals()
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake, select.POLLIN)

    def live(given):
        get_ready(server, client, spare)
        message, fds = reserve_module.receive(given)
        if message:
            worker_main(json.loads(message.split(b"\0")[-1]), fds, server, client, None, spare, settled=True)

    reserve = reserve_module.Reserve(CONTROL, live, libc.unshare if libc and not kept else None)

    def start(message, request, fds, pid=None):
        reserve.in_root = bool(request["root"])
        try:
            if pid is None and "modules" not in request:
                pid = reserve.give(message, fds)
            pid = os.fork() if pid is None else pid
        except OSError as error:
            report(control, kind="failed", id=request["id"], reason=error.strerror)
            pid = -1
        if pid == 0 and "modules" in request:
            template_main(request, fds, server, client, spare)
        if pid == 0:
            worker_main(request, fds, server, client, kept, spare)
        for fd in fds:
            os.close(fd)
        if pid > 0:
            spare.look_at(request["code"], request["environment"]["LAMBDA_TASK_ROOT"])
            if pid not in workers:
                note(control, workers, request["id"], pid)

    while True:
        ready = poll.poll(0)
        while not ready and workers and not kept and spare.work():  # a template would find the function's modules
            reserve.discard()  # it has not what is now there
            ready = poll.poll(0)
        ready = ready or poll.poll(reserve.patience(workers))
        if not ready:
            reserve.waited(workers)
            practise(spare.VARIABLES)
        for source, _ in ready:
            if source == wake:
                if signal.SIGUSR1 in os.read(wake, 4096):
                    sdk.begin()
                reap(control, workers, reserve)
                while waiting and not sdk.is_busy():
                    start(*waiting.pop(0))
                continue
            message, fds = reserve_module.receive(control)
            if not message:
                return
            kind, code, opt, number, text = message.split(b"\0")
            at_once = kind == WORKER and not kept and sdk.is_needless(os.fsdecode(code), os.fsdecode(opt))
            given = reserve.give(message, fds) if at_once else None  # who has waited for it, and nobody for the rest
            if given is not None:
                note(control, workers, int(number), given)  # and no more for a moment: it may have this processor
                select.select([control], [], [], AFTERWARDS_SECONDS)
            request = json.loads(text)
            if given is None and not kept and sdk.is_awaited(request, template.Packages):
                waiting.append((message, request, fds))
                if "modules" not in request:  # a template, which has no log
                    os.write(fds[OUTPUT], sdk.waiting)
            else:
                start(message, request, fds, given)


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


# In the order in which they need each other; handlers need those up to the client.
OWN = ("records", "invocation", "channel", "packets", "sdk", "runtime_client")
OWN += ("fresh", "template", "reserve", "spare", "agents")


def main(compiled, load, digests):
    """What compiled.py has, which has loaded this."""
    global sdk, fresh, template, reserve_module
    wanted, home = sys.argv[1:3]
    found = "%d.%d" % sys.version_info[:2]
    if found != wanted:
        print("this is Python " + found, file=sys.stderr)
        sys.exit(1)
    control = socket.socket(fileno=CONTROL)
    control.set_inheritable(False)
    own = [load(name) for name in OWN]
    sdks, client, fresh, template, reserve_module, spares, agents = own[-7:]
    sdk, spare = sdks.Sdk(home, join), spares.Spare(freeze, compiled, agents.Agents(compiled, digests))
    look_like_a_base_interpreter()
    sys.argv = [""]
    gc.freeze()  # collecting takes its time, and somebody waits
    report(control, kind="ready", executable=sys.executable, mounts=libc is not None)
    serve(control, client, spare)
