#include "pool/doubt.hpp"

#include "aws/lambda/function_name.hpp"

namespace lambdapool::pool {

std::optional<Error> doubt_about(const http::Response& response, const std::string& echo,
                                 const std::string& function, envelope::Told* told) {
  const bool is_outcome = response.status >= 200 && response.status < 300 &&
                          response.headers.find("x-amz-function-error") == nullptr;
  if (echo.empty() || !is_outcome) return std::nullopt;
  const auto checked = envelope::check_echo(response.body, echo);
  if (checked && told) *told = *checked;
  if (checked) return std::nullopt;
  Error error = checked.error();
  error.http_status = response.status;
  if (error.kind == ErrorKind::code_mismatch) {
    const auto parsed = aws::parse_function_name(function);
    error.message +=
        "; deploy it again with `lambdapool update " + (parsed ? parsed->name : function) + " PATHS`";
  }
  if (const auto encoding = response.headers.get("Content-Encoding"); !encoding.empty())
    error.message += "; the answer's Content-Encoding is " + std::string(encoding) +
                     ", which nobody asked for: something between here and Lambda has added it";
  return error;
}

}  // namespace lambdapool::pool
