"""C++ programs that are client and worker, on the local Lambda: every call, every failure, one example."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import BUILD, ROOT


@pytest.fixture
def program(clean_environment):
    """Runs an executable of the build; its output as text."""

    def program(path, *arguments, **environment):
        finished = subprocess.run(
            [path, *arguments],
            env={**clean_environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return finished.stdout + finished.stderr

    return program


@pytest.fixture
def create(run):
    def create(name, path, *options):
        finished = run("create", name, path, *options)
        assert finished.returncode == 0, finished.stderr

    return create


def test_the_example_prints_what_its_header_shows(create, program):
    create("algorithms-cpp", BUILD / "bin" / "algorithms", "--memory", "128", "--timeout", "300")
    source = (ROOT / "examples" / "algorithms.cpp").read_text()
    shown = re.search(r"\$ build/bin/algorithms\n((?://   .*\n)+)", source)[1].replace("//   ", "")
    assert program(BUILD / "bin" / "algorithms") == shown


@pytest.mark.on_both_targets
def test_every_kind_of_call_arrives_as_it_was_meant(create, program):
    create("calls", BUILD / "tests" / "cpp_program", "--timeout", "60")
    output = program(BUILD / "tests" / "cpp_program", "calls", "calls")
    assert output == "this line is the program's own\nok\n"


def test_tasks_that_wait_at_their_worker_have_what_is_their_own(create, program):
    create("ahead", BUILD / "tests" / "cpp_program", "--timeout", "60", "--memory", "256")
    output = program(BUILD / "tests" / "cpp_program", "ahead", "ahead")
    assert output == "this line is the program's own\nok\n"


def test_data_of_any_size_goes_both_ways(create, program):
    create("data", BUILD / "tests" / "cpp_program", "--timeout", "60", "--memory", "512")
    output = program(BUILD / "tests" / "cpp_program", "data", "data")
    assert output == "this line is the program's own\nok\n"


def test_nothing_happens_at_lambdas_limits(create, program):
    create("sizes", BUILD / "tests" / "cpp_program", "--timeout", "60", "--memory", "2048")
    output = program(BUILD / "tests" / "cpp_program", "sizes", "sizes")
    assert output == "this line is the program's own\nok\n"


def test_data_goes_as_it_is_where_the_platform_takes_it(create, program, clean_environment):
    clean_environment["LAMBDAPOOL_TARGET"] = "gcp-local"
    create("data", BUILD / "tests" / "cpp_program", "--timeout", "60", "--memory", "512")
    output = program(BUILD / "tests" / "cpp_program", "whole", "data")
    assert output == "this line is the program's own\nok\n"


def test_data_goes_through_a_bucket_or_the_error_names_one(create, program, serve):
    boto3 = pytest.importorskip("boto3")
    create("data", BUILD / "tests" / "cpp_program", "--timeout", "60", "--memory", "512")
    aws = {**serve.environment, "LAMBDAPOOL_TARGET": "aws", "AWS_ENDPOINT_URL_S3": serve.endpoint}
    assert program(BUILD / "tests" / "cpp_program", "limits", "data", **aws) == "this line is the program's own\nok\n"
    s3 = boto3.client(
        "s3", endpoint_url=serve.endpoint, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="key"
    )
    s3.create_bucket(Bucket="data-of-programs")
    output = program(BUILD / "tests" / "cpp_program", "data", "data", LAMBDAPOOL_BUCKET="data-of-programs", **aws)
    assert output == "this line is the program's own\nok\n"
    assert s3.list_objects_v2(Bucket="data-of-programs")["KeyCount"] == 0


@pytest.mark.on_both_targets
def test_a_named_run_sends_only_what_is_not_done(create, program, run, tmp_path):
    create("named", BUILD / "tests" / "cpp_program", "--timeout", "60")
    runs = str(tmp_path / "runs")
    output = program(BUILD / "tests" / "cpp_program", "named", "named", LAMBDAPOOL_RUNS=runs)
    assert output == "this line is the program's own\nok\n"
    shown = program(BUILD / "bin" / "lambdapool", "runs", "show", "tens", "--output", "json", LAMBDAPOOL_RUNS=runs)
    assert json.loads(shown)["done"] == 6 and json.loads(shown)["state"] == "done"


def test_maps_tell_what_they_cost_and_how_far_they_are(create, program, tmp_path):
    prices = tmp_path / "prices.json"
    prices.write_text('{"date": "2026-11-28", "request": 1, "gb_second": {"x86_64": 0, "arm64": 0}}')
    create("reports", BUILD / "tests" / "cpp_program", "--timeout", "60")
    output = program(BUILD / "tests" / "cpp_program", "reports", "reports", LAMBDAPOOL_PRICES=str(prices))
    told = "lambdapool: a progress callback threw, and is not called again: of the callback\n"
    assert output == "this line is the program's own\nok\n" + told


@pytest.mark.on_both_targets
def test_a_forked_child_is_told_that_a_pool_is_its_parents_and_can_make_its_own(create, program):
    create("forks", BUILD / "tests" / "cpp_program", "--timeout", "60")
    output = program(BUILD / "tests" / "cpp_program", "forks", "forks")
    assert output == "this line is the program's own\nok\n"


@pytest.mark.on_both_targets
def test_predicates_of_retries_may_use_their_pool_and_no_future_waits_for_ever(create, program):
    create("retries", BUILD / "tests" / "cpp_program", "--timeout", "60")
    output = program(BUILD / "tests" / "cpp_program", "retries", "retries")
    assert output == "this line is the program's own\nok\n"


@pytest.mark.on_both_targets
def test_failures_of_the_platform_have_types(create, program):
    create("failures", BUILD / "tests" / "cpp_program", "--timeout", "60")
    output = program(BUILD / "tests" / "cpp_program", "failures", "failures")
    assert output == "this line is the program's own\nok\n"


@pytest.mark.on_both_targets
def test_a_task_that_runs_into_the_functions_timeout_has_a_type_too(create, program):
    create("hasty", BUILD / "tests" / "cpp_program", "--timeout", "1")
    output = program(BUILD / "tests" / "cpp_program", "timeout", "hasty")
    assert output == "this line is the program's own\nok\n"


CRASHES = ROOT / "tests" / "cpp" / "program" / "crashes.cpp"


def place_of(comment):
    lines = CRASHES.read_text().splitlines()
    return "crashes.cpp:%d" % next(number for number, line in enumerate(lines, 1) if comment in line)


@pytest.mark.on_both_targets
@pytest.mark.parametrize(
    ("how", "told", "function", "comment"),
    [
        ("descend", "worker_died [SIGSEGV]", "#0 deep::descend(int) at ", "reads from nowhere"),
        ("overflow", "worker_died [SIGSEGV]", "deep::overflow(int) at ", "calls itself"),
        ("uncaught", "worker_died [SIGABRT]", "deep::uncaught(int)::{lambda()#1}::operator()() const at ", "nobody catches"),
        ("wait", "timed_out []", "deep::wait(int) at ", "waits here"),
    ],
)
def test_a_task_that_crashes_or_hangs_tells_the_line(create, program, how, told, function, comment):
    create("crashes", BUILD / "tests" / "crashes", "--timeout", "3" if how == "wait" else "60")
    output = program(BUILD / "tests" / "crashes", how, "crashes")
    first, *rest = output.splitlines()
    assert first.startswith(told + " ") and not first.endswith(" 0 MB"), output
    assert any(function in line and line.endswith(place_of(comment)) for line in rest), output


def test_a_stripped_worker_s_lines_are_those_of_the_same_build_here(create, program, tmp_path):
    stripped = tmp_path / "crashes"
    subprocess.run(["strip", "-o", stripped, BUILD / "tests" / "crashes"], check=True)
    create("crashes", stripped, "--timeout", "60")
    output = program(BUILD / "tests" / "crashes", "descend", "crashes")
    assert "#0 deep::descend(int) at " in output and place_of("reads from nowhere") in output, output


def test_a_program_that_never_calls_init_is_not_deployed(run, create):
    for name in ("without_init", "without_init_collected"):
        finished = run("create", "never", BUILD / "tests" / name)
        assert finished.returncode != 0 and "never calls lambdapool::init" in finished.stderr
    create("collected", BUILD / "tests" / "twin_collected")


def test_a_pool_without_init_says_what_to_do(program):
    output = program(BUILD / "tests" / "cpp_program", "without-init")
    assert output.startswith("lambdapool::init(argc, argv) must be called first thing in main")


@pytest.mark.on_both_targets
def test_another_build_is_refused_and_runs_nothing(create, program):
    create("one", BUILD / "tests" / "twin_one")
    output = program(BUILD / "tests" / "cpp_program", "calls", "one")
    assert re.search(r"unexpected: the function runs build [0-9a-f]{12}, the call comes from build", output)
    assert "lambdapool update" in output


@pytest.mark.on_both_targets
def test_two_builds_with_one_program_id_serve_each_other(create, program):
    create("one", BUILD / "tests" / "twin_one")
    assert program(BUILD / "tests" / "twin_two", "one") == "42 8 2\n"


def test_plain_functions_need_their_names_only_between_builds(create, program, tmp_path):
    stripped = tmp_path / "twin_stripped"
    shutil.copy(BUILD / "tests" / "twin_one", stripped)
    subprocess.run(["strip", stripped], check=True)
    create("stripped", stripped)
    assert program(stripped, "stripped") == "42 8 2\n"
    assert program(BUILD / "tests" / "twin_one", "stripped") == "42 8 2\n"  # the same build-id
    assert "pass it as lambdapool::fn<&function>" in program(BUILD / "tests" / "twin_two", "stripped")


def test_a_worker_without_a_runtime_api_ends_with_a_reason(program):
    output = program(BUILD / "tests" / "twin_one", "one", AWS_LAMBDA_RUNTIME_API="127.0.0.1:1", _HANDLER="lambdapool")
    assert output == "lambdapool: the Lambda Runtime API at 127.0.0.1:1 cannot be reached: Connection refused\n"


@pytest.mark.on_both_targets
def test_a_python_function_refuses_cpp_calls(run, program, algorithms):
    assert run("create", "python", algorithms / "algorithms").returncode == 0
    output = program(BUILD / "tests" / "twin_one", "python")
    assert "pickle" in output or "Python" in output


def test_an_executable_without_build_id_is_told_how_to_link(program, tmp_path):
    nameless = tmp_path / "nameless"
    subprocess.run(["objcopy", "-R", ".note.gnu.build-id", BUILD / "tests" / "twin_one", nameless], check=True)
    assert "link it with -Wl,--build-id" in program(nameless, "one")
