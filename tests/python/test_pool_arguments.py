"""Arguments that make no sense are refused in the caller's thread, in one sentence."""

import pytest
from lambdapool import LambdaPool


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (dict(workers=2.5), "the number of workers must be an int, not float"),
        (dict(workers=0), "the number of workers must be between 1 and 10000, not 0"),
        (dict(lambda_function=None), "lambda_function must be a str"),
        (dict(target=3), "target must be a str, not int"),
        (dict(target="moon"), "there is no target 'moon'"),
        (dict(aws_region_name=b"us-east-1"), "aws_region_name must be a str, not bytes"),
        (dict(function_timeout="60"), "function_timeout must be a number of seconds, not str"),
        (dict(throttle_timeout=0), "throttle_timeout must be a number of seconds above 0, not 0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_a_sentence(arguments, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        LambdaPool(**{"workers": 1, "lambda_function": "algorithms", "target": "local", **arguments})
