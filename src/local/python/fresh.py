"""A worker that starts an interpreter of its own.

Some settings work only while a process starts: PYTHON* variables, libraries in LD_LIBRARY_PATH. The function's wrapper
(AWS_LAMBDA_EXEC_WRAPPER) is given the command that starts the runtime: as on Lambda, its last argument is a script,
before which options can be put.
"""

import os
import sys

SCRIPT = """
import os, sys, types
os.close(int(sys.argv[0].rpartition("/")[2]))
sys.path[:1] = []
def load(name, file, source):
    module = types.ModuleType("lambdapool_" + name)
    module.__file__ = file
    sys.modules[module.__name__] = module
    exec(compile(source, file, "exec"), module.__dict__)
    return module
for module in %r:
    client = load(*module)
sys.argv, script = [""], sys.modules["__main__"]
sys.modules["__main__"] = types.ModuleType("__main__")
sys.meta_path.append(sys.modules["lambdapool_sdk"].Finder(*%r))
client.run_fresh(%d)
"""


def start(names, finder, control):
    """Never returns. `names` of our modules that it needs, in that order; `finder`: what the SDK's Finder is made of;
    `control`: the descriptor of the worker's channel."""
    needed = [(name, sys.modules["lambdapool_" + name]) for name in names]
    modules = [(name, module.__file__, module.SOURCE) for name, module in needed]
    script = os.memfd_create("runtime", 0)
    with open(script, "w", encoding="utf-8", closefd=False) as file:
        file.write(SCRIPT % (modules, finder, control))
    os.set_inheritable(control, True)
    command = [sys.executable, "-S", "-s", "-u", "/proc/self/fd/%d" % script]
    wrapper = wrapper_of_environment()
    if wrapper:
        command.insert(0, wrapper)
    os.execve(command[0], command, os.environ)


def wrapper_of_environment():
    """None where there is none. Ends the worker as Lambda's runtimes do where it can't be run."""
    wrapper = os.environ.get("AWS_LAMBDA_EXEC_WRAPPER")
    if wrapper and not os.path.isfile(wrapper):
        print(wrapper + ": does not exist", flush=True)
        os._exit(127)
    if wrapper and not os.access(wrapper, os.X_OK):
        print(wrapper + ": is not an executable", flush=True)
        os._exit(126)
    return wrapper
