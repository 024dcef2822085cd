#include "deploy/function/function_copy.hpp"

#include "core/limits.hpp"
#include "core/random.hpp"
#include "deploy/code/code_fetch.hpp"
#include "deploy/code/code_upload.hpp"
#include "deploy/function/change.hpp"
#include "deploy/function/deployed_function.hpp"

namespace lambdapool::deploy {
namespace {

constexpr std::size_t name_bytes_max = 64;

std::string name_of_copy(const std::string& function, const std::string& suffix) {
  const std::string end = "-" + suffix + "-" + random_hex(3);
  return function.substr(0, name_bytes_max - end.size()) + end;
}

// `zip` outlives the call.
aws::CreateFunction creation(const aws::FunctionConfiguration& original, const std::string& name,
                             const std::string& zip, const CodeUpload& upload, int memory_mb) {
  aws::CreateFunction call;
  call.name = name;
  call.runtime = original.runtime;
  call.role = original.role;
  call.handler = original.handler;
  call.code_in_s3 = upload.object();
  if (!call.code_in_s3) call.zip = zip;
  call.description = "Copy of " + original.name + ", which lambdapool removes at its command's end";
  call.architecture = original.architecture;
  call.memory_mb = memory_mb;
  call.timeout_s = original.timeout_s;
  call.layers = arns_of_layers(original);
  call.environment = original.environment;
  call.tags = {{version_tag, LAMBDAPOOL_VERSION}};
  call.ephemeral_mb = original.ephemeral_mb;
  if (!original.vpc.subnets.empty()) call.vpc = original.vpc;
  return call;
}

Result<package::Package> code_of_function(Session& session, const aws::FunctionDescription& function,
                                          const std::optional<std::string>& bucket) {
  package::Package code;
  auto zip = fetch_code(session, function.code_url, function.configuration.code_sha256);
  if (!zip)
    return fail(ErrorKind::io, "the code of function " + function.configuration.name +
                                   " cannot be fetched, which a copy of it needs.");
  code.zip = std::move(*zip);
  const bool is_large = static_cast<std::int64_t>(code.zip.size()) >= limits::zip_bytes_max;
  if (is_large && !session.is_local() && !bucket)
    return fail(ErrorKind::invalid_argument,
                "the code of function " + function.configuration.name +
                    " is above 50 MB, so a copy of it goes through an S3 bucket: name yours with "
                    "LAMBDAPOOL_BUCKET.");
  return code;
}

}  // namespace

Result<FunctionCopy> FunctionCopy::make(Session& session, const std::string& function,
                                        const std::string& suffix, int memory_mb,
                                        const std::optional<std::string>& bucket) {
  const auto original = own_function(session, function);
  if (!original) return tl::unexpected(original.error());
  if (is_damaged(*original))
    return fail(ErrorKind::conflict,
                "function " + function + " cannot be copied: " + original->configuration.state_reason + ".");
  const auto code = code_of_function(session, *original, bucket);
  if (!code) return tl::unexpected(code.error());
  const std::string name = name_of_copy(function, suffix);
  const auto upload = CodeUpload::prepare(session, bucket, name, *code);
  if (!upload) return tl::unexpected(upload.error());
  if (auto go_on = session.check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  FunctionCopy copy(session, name);  // from here on it is removed, though its answer may be lost
  const auto call = creation(original->configuration, name, code->zip, *upload, memory_mb);
  const auto answer = session.send(aws::create_function_request(call), Repeatable::no);
  if (!answer) return tl::unexpected(answer.error());
  const auto created = aws::parse_configuration(*answer);
  if (!created && !answer->is_second) return tl::unexpected(created.error());
  auto ready = wait_until_settled(session, name);
  if (!ready) return tl::unexpected(ready.error());
  copy.now_ = std::move(*ready);
  return copy;
}

FunctionCopy::~FunctionCopy() {
  if (session_ == nullptr) return;
  session_->see_through();
  const auto gone = call(*session_, aws::delete_function_request(now_.name), aws::parse_no_content);
  if (gone || gone.error().kind == ErrorKind::not_found) return;
  session_->tell(Event::Kind::warning, "function " + now_.name +
                                           ", a copy, could not be removed; 'lambdapool delete " + now_.name +
                                           "' removes it.");
}

Result<void> FunctionCopy::set_memory(int memory_mb) {
  if (now_.memory_mb == memory_mb) return {};
  aws::UpdateFunctionConfiguration change{.name = now_.name, .memory_mb = memory_mb};
  auto accepted =
      call(*session_, aws::update_function_configuration_request(change), aws::parse_configuration);
  if (!accepted) return tl::unexpected(accepted.error());
  auto ready = wait_until_settled(*session_, now_.name);
  if (!ready) return tl::unexpected(ready.error());
  now_ = std::move(*ready);
  return {};
}

}  // namespace lambdapool::deploy
