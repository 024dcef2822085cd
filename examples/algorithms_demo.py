"""The product's example: run fibonacci on Lambda, as if it were a process pool on your desk."""

from lambdapool import LambdaExecutor, LambdaPool

from algorithms.algorithms import fibonacci

if __name__ == "__main__":
    with LambdaPool(workers=10, lambda_function="algorithms") as pool:
        print("apply:    ", pool.apply(fibonacci, args=[10]))
        result = pool.apply_async(fibonacci, kwds={"n": 10})
        print("async:    ", type(result), result.get())
        print("map:      ", pool.map(fibonacci, range(20)))

    with LambdaExecutor(lambda_function="algorithms") as executor:
        futures = [executor.submit(fibonacci, n) for n in range(20)]
        print("executor: ", [future.result() for future in futures])
