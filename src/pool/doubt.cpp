#include "pool/doubt.hpp"

namespace lambdapool::pool {

std::optional<Error> doubt_about(const http::Response& response, const std::string& echo,
                                 const std::string& function, envelope::Told* told,
                                 const std::string& service) {
  if (echo.empty()) return std::nullopt;
  const auto checked = envelope::check_echo(response.body, echo);
  if (checked && told) *told = *checked;
  if (checked) return std::nullopt;
  Error error = checked.error();
  error.http_status = response.status;
  if (error.kind == ErrorKind::code_mismatch)
    error.message += "; deploy it again with `lambdapool update " + function + " PATHS`";
  if (const auto encoding = response.headers.get("Content-Encoding"); !encoding.empty())
    error.message += "; the answer's Content-Encoding is " + std::string(encoding) +
                     ", which nobody asked for: something between here and " + service + " has added it";
  return error;
}

}  // namespace lambdapool::pool
