def function(x):
    return x
