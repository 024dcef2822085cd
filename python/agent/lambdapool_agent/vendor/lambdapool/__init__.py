"""What a function has of lambdapool where its package brings none: so much that modules which use it when they are run
on their own can be imported. A decorated function is itself, a File is what a task takes and returns, and making a
pool is an error that says what to do.
"""


def function(decorated=None, **settings):
    """``@lambdapool.function(...)``: in a worker the function runs here."""
    if decorated is not None:
        return decorated
    return lambda f: f


def _absent(self, *arguments, **keywords):
    raise RuntimeError(
        "lambdapool.%s is not there: a function has lambdapool only where its package has; name it, or a wheel of "
        "it, in the requirements file and deploy again (`lambdapool update NAME -r FILE PATHS`)" % type(self).__name__
    )


def __getattr__(name):
    """File, or a class that cannot be made; one that ``except`` takes, since exceptions are among the names."""
    if name == "File":
        from lambdapool_by_value.files import File

        return File
    if name.startswith("_"):
        raise AttributeError("module 'lambdapool' has no attribute %r" % name)
    made = type(name, (RuntimeError,), {"__init__": _absent, "__module__": "lambdapool"})
    globals()[name] = made
    return made
