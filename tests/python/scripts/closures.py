"""A user's script: functions that share a variable of the function around them share it in a task and in a result."""

from lambdapool import LambdaPool


def counter():
    count = 0

    def increment():
        nonlocal count
        count += 1
        return count

    def read():
        return count

    return increment, read


class Account:
    """Its methods share what __init__ made."""

    def __init__(self):
        self.increment, self.read = counter()


increment, read = counter()


def both():
    return increment(), increment(), read()


def those_of(account, functions):
    functions["increment"]()
    return account.increment(), account.read(), functions["read"]()


def main():
    with LambdaPool(1, "algorithms") as pool:
        assert pool.apply(both) == (1, 2, 2)
        assert pool.apply(both) == (1, 2, 2) and read() == 0  # each task begins with what is here

        account = Account()
        functions = {"increment": account.increment, "read": account.read}
        assert pool.apply(those_of, (account, functions)) == (2, 2, 2)

        their_increment, their_read = pool.apply(counter)
        assert (their_increment(), their_increment(), their_read()) == (1, 2, 2) and read() == 0

        mine = pool.apply(lambda: [increment, read])
        assert mine[0] is increment and mine[1] is read
    print("done")


if __name__ == "__main__":
    main()
