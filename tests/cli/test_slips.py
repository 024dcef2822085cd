"""What is easily done by mistake is told instead of done: empty names, lost packages, half a project."""

import os
import signal
import subprocess

import pytest


def refused(done, word, code=1):
    assert done.returncode == code, done
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1 and word in done.stderr, done.stderr


@pytest.mark.parametrize("arguments", [["create"], ["update"], ["delete"], ["logs"], ["doctor"], ["policy", "invoke"]])
def test_an_empty_name_is_a_mistake_and_not_everything(run_aws, aws, algorithms, arguments):
    (algorithms / "lambdapool.toml").write_text('[functions.one]\npaths = ["algorithms"]\n')
    refused(run_aws(*arguments, "", cwd=algorithms), "the function's name is empty", 2)
    assert aws.requests == []


def test_packages_of_a_requirements_file_are_not_lost_by_an_update(run_aws, aws, algorithms):
    (algorithms / "requirements.txt").write_text("")
    assert run_aws("create", "f", "algorithms", "-r", "requirements.txt", "--runtime", "python3.11").returncode == 0
    assert aws.tags["f"]["lambdapool:requirements"] == "python3.11"
    before = dict(aws.functions["f"])
    refused(run_aws("update", "f", "algorithms"), "give -r FILE again")
    refused(run_aws("update", "f", "--runtime", "python3.12"), "were installed for python3.11")
    assert aws.functions["f"] == before
    assert run_aws("update", "f", "--memory", "256").returncode == 0
    done = run_aws("update", "f", "algorithms", "-r", "requirements.txt", "--runtime", "python3.12")
    assert (done.returncode, done.stderr) == (0, "")
    assert aws.tags["f"]["lambdapool:requirements"] == "python3.12"
    assert run_aws("update", "f", "algorithms", "-r", "").returncode == 0
    assert "lambdapool:requirements" not in aws.tags["f"]
    assert run_aws("update", "f", "algorithms").returncode == 0
    assert run_aws("update", "f", "algorithms", "-r", "requirements.txt").returncode == 0
    assert aws.tags["f"]["lambdapool:requirements"] == "python3.12"
    refused(run_aws("update", "f", "--tag", "lambdapool:requirements=x"), "lambdapool's own")


def test_a_function_that_others_made_is_named_as_such(run_aws, aws, algorithms):
    assert run_aws("create", "f", "algorithms").returncode == 0
    refused(run_aws("create", "f", "algorithms"), "'lambdapool update f' changes it")
    aws.tags["f"] = {}
    refused(run_aws("create", "f", "algorithms"), "was not made by lambdapool")


PROJECT = "".join(f'[functions.{name}]\npaths = ["algorithms"]\n' for name in ("one", "three", "two"))


def test_a_project_that_fails_half_way_names_the_function_and_the_rest(run_aws, aws, algorithms):
    (algorithms / "lambdapool.toml").write_text(PROJECT)

    def deny(request):
        if request.action == "CreateFunction" and request.json["FunctionName"] == "three":
            return 400, {"message": "the code is odd"}, {"x-amzn-ErrorType": "InvalidParameterValueException"}

    aws.hooks.append(deny)
    done = run_aws("create", cwd=algorithms)
    assert list(aws.functions) == ["one"]
    refused(done, "function three: ")
    assert "the code is odd; not tried: two." in done.stderr


def test_an_update_of_what_the_project_does_not_have_says_so(run_aws, algorithms):
    (algorithms / "lambdapool.toml").write_text(PROJECT)
    refused(run_aws("update", "four", cwd=algorithms), "has no function four")


def test_a_file_whose_name_is_not_utf8_is_refused(run_aws, aws, algorithms):
    with open(os.fsencode(algorithms / "algorithms") + b"/a\xff.py", "wb"):
        pass
    refused(run_aws("create", "f", "algorithms"), r"algorithms/a\xff.py")
    assert aws.functions == {} and aws.roles == {}


def test_a_description_has_characters_and_not_bytes(run_aws, aws, algorithms):
    assert run_aws("create", "f", "algorithms", "--description", "ä" * 256).returncode == 0
    refused(run_aws("update", "f", "--description", "ä" * 257), "257 characters; at most 256")


def test_a_function_without_code_of_its_own_is_noted(run_aws):
    done = run_aws("create", "f")
    assert done.returncode == 0 and done.stderr.startswith("Note: function f gets no code of its own")


def test_an_interrupted_update_says_that_it_finishes(run_aws, aws, algorithms, start_aws):
    said = []
    assert run_aws("create", "f", "algorithms").returncode == 0

    def interrupt(process, request):
        if request.action == "UpdateFunctionConfiguration":
            process.send_signal(signal.SIGINT)
            said.append(process.stderr.readline())  # before it has its answer

    process = start_aws("update", "f", "--memory", "256", meanwhile=interrupt)
    assert process.wait(60) == 0 and aws.functions["f"]["MemorySize"] == 256
    assert said == ["Finishing the step that has begun; once more stops at once and may leave it half done.\n"]
    assert process.stderr.read() == ""
    process.stderr.close()


def test_no_directory_for_temporary_files_is_told(run_aws, algorithms):
    (algorithms / "requirements.txt").write_text("six\n")
    refused(run_aws("create", "f", "algorithms", "-r", "requirements.txt", TMPDIR="/nowhere"), "TMPDIR")


def test_a_current_directory_that_is_gone_is_told(run, tmp_path, lambdapool, clean_environment):
    (tmp_path / "gone").mkdir()
    script = f"cd gone && rmdir ../gone && exec {lambdapool} update f"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=clean_environment, capture_output=True, text=True)
    refused(done, "current directory is not there any more")
