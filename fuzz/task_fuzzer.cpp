// Whatever arrives as a task's, an outcome's or an exception's body is read or refused.
#include <string_view>

#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/detail/carrier.hpp"
#include "runtime/exception.hpp"
#include "runtime/message.hpp"

using namespace lambdapool;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  try {
    runtime::read_task(body);
  } catch (const MalformedMessage&) {
  }
  try {
    runtime::read_outcome(body);
  } catch (const MalformedMessage&) {
  }
  try {
    runtime::throw_described(body);
  } catch (const std::exception&) {  // the described one, or MalformedMessage
  }
  try {
    Reader in(body);
    detail::read_function(in);
  } catch (const MalformedMessage&) {
  }
  return 0;
}
