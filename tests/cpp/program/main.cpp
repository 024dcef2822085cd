// Client and worker: `program MODE FUNCTION [FORM]` prints "ok", or each check that does not hold.
#include <lambdapool/lambdapool.hpp>

#include "check.hpp"

void register_exceptions();
void run_ahead(const std::string& function);
void run_calls(const std::string& function);
void run_data(const std::string& function);
void run_large(const std::string& function);
void run_peak(const std::string& function);
void run_sizes(const std::string& function);
void run_whole(const std::string& function);
void run_data_fault(const std::string& function, const std::string& of);
void run_full_disk(const std::string& function, const std::string& path);
void run_early(const std::string& function, const std::string& rest);
void run_output(const std::string& function);
void run_forks(const std::string& function);
void run_failures(const std::string& function);
void run_limits(const std::string& function);
void run_timeout(const std::string& function);
void run_named(const std::string& function);
void run_reports(const std::string& function);
void run_retries(const std::string& function);
void run_missing(const std::string& function, const std::string& form);

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "without-init") {
    std::cout << MESSAGE_OF(lambdapool::InvalidArgument, lambdapool::LambdaPool{{.lambda_function = "f"}})
              << "\n";
    return failed_checks;
  }
  register_exceptions();
  std::cout << "this line is the program's own\n";  // in a worker: goes to the log, never to the protocol
  lambdapool::init(argc, argv);
  if (argc < 3) return 2;
  try {
    const std::string mode = argv[1];
    if (mode == "ahead") run_ahead(argv[2]);
    if (mode == "calls") run_calls(argv[2]);
    if (mode == "data") run_data(argv[2]);
    if (mode == "large") run_large(argv[2]);
    if (mode == "peak") run_peak(argv[2]);
    if (mode == "sizes") run_sizes(argv[2]);
    if (mode == "whole") run_whole(argv[2]);
    if (mode == "data-fault" && argc == 4) run_data_fault(argv[2], argv[3]);
    if (mode == "full-disk" && argc == 4) run_full_disk(argv[2], argv[3]);
    if (mode == "limits") run_limits(argv[2]);
    if (mode == "early" && argc == 4) run_early(argv[2], argv[3]);
    if (mode == "output") run_output(argv[2]);
    if (mode == "forks") run_forks(argv[2]);
    if (mode == "failures") run_failures(argv[2]);
    if (mode == "named") run_named(argv[2]);
    if (mode == "reports") run_reports(argv[2]);
    if (mode == "retries") run_retries(argv[2]);
    if (mode == "timeout") run_timeout(argv[2]);
    if (mode == "missing" && argc == 4) run_missing(argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::cout << "unexpected: " << error.what() << "\n";
    return 1;
  }
  std::cout << (failed_checks == 0 ? "ok" : "not ok") << "\n";
  return failed_checks == 0 ? 0 : 1;
}
