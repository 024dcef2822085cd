"""Tasks that fork. Deployed with the others, and importable by the tests."""

import ctypes
import os
import sys
import threading


def leave(how):
    if how == "raise":
        raise ValueError("of the child")
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "thread":
        threading.Thread(target=lambda: print("of the child's thread", flush=True)).start()
    if isinstance(how, tuple):
        sys.exit(*how)
    return "child"


def status_of_child(how):
    """The status of a child that leaves the task in this way while this process goes on."""
    child = os.fork()
    if child == 0:
        return leave(how)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Forks:
    """Forks where the task is unpickled, and where its result is pickled."""

    def __getstate__(self):
        if "pytest" not in sys.modules:
            self.status_when_written = status_of_child("return")
        return dict(self.__dict__, of=Forks)

    def __setstate__(self, state):
        self.__dict__ = state
        if "pytest" not in sys.modules:
            self.status_when_read = status_of_child("raise")


def echo(value):
    return value


_lingering = None


def leave_a_child_behind():
    """A child that outlives the task, until release()."""
    global _lingering
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        return "child"
    os.close(reader)
    _lingering = child, writer
    return "parent"


def release():
    child, writer = _lingering
    os.close(writer)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def leave_a_child_behind_and_die():
    leave_a_child_behind() == "parent" and os._exit(7)


def descriptors_shared_with_a_child():
    """Which sockets of this process a forked child still has open."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        import stat

        for name in os.listdir("/proc/self/fd"):
            try:
                if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    os.write(writer, b"%d " % int(name))
            except OSError:
                pass
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, "rb") as file:
        return file.read().split()


def forked_by_a_library(_):
    """A child that the interpreter knows nothing of. Its status."""
    child = ctypes.PyDLL(None).fork()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else None


def fork_and_print(item):
    """Whether the child ended well, which comes back from its task."""
    child = os.fork()
    if child == 0:
        print(item, "of the child")
        return False
    return os.waitpid(child, 0)[1] == 0
