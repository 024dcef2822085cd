"""What the fork server does in advance for workers to come, in small pieces while nobody asks for one.

The first worker has not waited for it. First the agent's modules, compiled: each function has its own copy, which each
of its workers would compile again. What counts is a source's bytes, so other code is never taken for it. What there is
of it is kept at once, and half-way, too: programs that call once are soon at their end, and the next one would begin
anew. Then the agent is imported (agents.py), and modules of the standard library that most handlers import.
"""

import collections
import importlib
import importlib.machinery
import json
import logging
import os
import sys
import time

MODULES = ("hashlib", "ast", "pickletools", "mmap", "faulthandler", "datetime", "decimal", "random", "shutil")
AGENT = "lambdapool_agent"
FILES_MAX, BYTES_MAX = 50, 1 << 20


class Spare:
    """`finish` is called when there is no more to do for now. `compiled`: of compiled.py, `agents`: of agents.py."""

    VARIABLES = {"NAME_OF_A_VARIABLE_%d" % number: "%030d" % number for number in range(30)}  # as a worker has about
    VARIABLES.update(LAMBDA_TASK_ROOT="/var/task", TZ=":UTC", AWS_LAMBDA_FUNCTION_MEMORY_SIZE="10240")

    def __init__(self, finish, compiled, agents):
        self._finish = finish
        self._agents = agents
        self._tasks = collections.deque((importlib.import_module, name) for name in MODULES)
        self._seen = set()
        self._compiled = compiled

    def look_at(self, code, place):
        """The files of a function of which a worker was asked for, and where workers see them."""
        if code not in self._seen and len(self._seen) < FILES_MAX:
            self._seen.add(code)
            self._tasks.extendleft([(self._find, (code, place)), (self._save, None)])

    def work(self):
        """Does a piece of it. False: there is no more."""
        if not self._tasks:
            return False
        step, what = self._tasks.popleft()
        try:
            step(what)
        except Exception:
            pass  # whoever needs it will see
        if not self._tasks:
            self._finish()
        return True

    def _save(self, _):
        if self._compiled.is_new:
            self._compiled.save()

    def _find(self, code_and_place):
        code, place = code_and_place
        top = os.path.join(code, AGENT)
        files = [os.path.join(inside, name) for inside, _, names in os.walk(top) for name in names]
        files = [file for file in files if file.endswith(".py")]
        if len(files) <= FILES_MAX and sum(map(os.path.getsize, files)) <= BYTES_MAX:
            steps = [(self._compile, file) for file in files]
            steps.insert(len(steps) // 2, (self._save, None))
            steps += [(self._save, None), (lambda _: self._agents.prepare(code, place), None)]
            self._tasks.extendleft(reversed(steps))

    def _compile(self, path):
        with open(path, "rb") as file:
            source = file.read()
        self._compiled.keep(source, path)

    def rehearse(self, client):
        """In a process that is going to be a worker: what each does at first, without anything of a function. The
        pages of memory that this writes to are then its own, before anybody waits."""
        path, handlers = list(sys.path), logging.getLogger().handlers
        try:
            os.environ.update(json.loads(json.dumps(self.VARIABLES)))
            time.tzset()
            client.prepare()
            self._agents.rehearse(client)
        except Exception:
            pass  # whoever needs it will see
        finally:
            os.environ.clear()
            sys.path[:], handlers[:] = path, []

    def hand_on(self, request):
        """In a worker: its imports find what is compiled, and the agent."""
        self._agents.hand_on(request)
        loader, compiled = importlib.machinery.SourceFileLoader, self._compiled
        compile_anew = loader.source_to_code

        def source_to_code(self, data, path, **options):
            code = compiled.take(data, path) if type(data) is bytes else None
            return compile_anew(self, data, path, **options) if code is None else code

        loader.source_to_code = source_to_code
