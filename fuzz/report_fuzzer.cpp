// Whatever stands in a log: its REPORT line is found, or there is none. With and without an error's payload.
#include <string>
#include <string_view>

#include "aws/lambda/function_error.hpp"
#include "aws/lambda/report.hpp"

using namespace lambdapool;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view log(reinterpret_cast<const char*>(data), size);
  aws::find_report(log);
  const auto line = log.substr(0, log.find('\n'));
  aws::function_error(std::string(line), std::string(log.substr(line.size())), "f");
  return 0;
}
