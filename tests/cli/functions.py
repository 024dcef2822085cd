"""Functions as other AWS clients make them."""

import sys

import archives

ROLE = "arn:aws:iam::000000000000:role/any"
RUNTIME = f"python3.{sys.version_info.minor}"
ECHO = "def handler(event, context):\n    return event\n"


def zipped(source=ECHO):
    return archives.zipped({"main.py": source})


def create(client, name, source=ECHO, **more):
    client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped(source)}, **more
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
