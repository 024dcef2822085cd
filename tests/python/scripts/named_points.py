"""A named run whose results are objects of __main__'s classes."""

from lambdapool import LambdaPool


class Point:
    def __init__(self, x):
        self.x = x


if __name__ == "__main__":
    with LambdaPool(2, "algorithms") as pool:
        print([point.x for point in pool.map(lambda x: Point(x), range(3), name="points", chunksize=1)])
