#include "local/url/table.hpp"

#include "local/store/setting_table.hpp"

namespace lambdapool::local {

OrRefusal<std::shared_ptr<const FunctionUrl>> UrlTable::find(const std::string& id) {
  if (const auto version = database_.data_version(); version != data_version_) {
    load();
    data_version_ = version;
  }
  if (const auto error = database_.take_error()) {
    data_version_ = -1;
    return service_failure(*error);
  }
  const auto found = urls_.find(id);
  return found == urls_.end() ? nullptr : found->second;
}

void UrlTable::load() {
  urls_.clear();
  const auto records = list_settings(database_, Setting::url);
  if (database_.failed()) return;
  for (const auto& record : records) {
    auto url = std::make_shared<FunctionUrl>();
    url->id = record.content.value("Id", "");
    url->function = record.function;
    url->qualifier = record.qualifier;
    url->is_signed = record.content.value("AuthType", "") != "NONE";
    url->is_streamed = record.content.value("InvokeMode", "") == "RESPONSE_STREAM";
    url->cors = cors_from(record.content);
    const auto policy = find_setting(database_, Setting::policy, record.function, record.qualifier);
    url->is_public = policy && lets_everybody_call(*policy);
    database_.take_error();  // one function's policy must not stop the others' URLs
    urls_.emplace(url->id, std::move(url));
  }
}

}  // namespace lambdapool::local
