#include "deploy/layer_names.hpp"

#include <algorithm>

namespace lambdapool::deploy {
namespace {

Result<std::string> resolve_layer(Session& session, const std::string& layer) {
  if (layer.starts_with("arn:")) return layer;
  const auto colon = layer.find(':');
  const auto versions = layer_versions(session, layer.substr(0, colon));
  if (!versions) return tl::unexpected(versions.error());
  const auto found = colon == std::string::npos
                         ? versions->begin()
                         : std::find_if(versions->begin(), versions->end(), [&](const auto& version) {
                             return std::to_string(version.version) == layer.substr(colon + 1);
                           });
  if (found == versions->end()) return no_such_layer(layer);
  return found->arn;
}

}  // namespace

Result<std::vector<aws::LayerVersion>> layer_versions(Session& session, const std::string& name) {
  std::vector<aws::LayerVersion> versions;
  for (std::optional<std::string> marker;;) {
    const auto answer = session.send(aws::list_layer_versions_request(name, marker), Repeatable::yes);
    if (!answer) return tl::unexpected(answer.error());
    auto page = aws::parse_list_layer_versions(*answer);
    if (!page && page.error().kind == ErrorKind::not_found) break;
    if (!page) return tl::unexpected(page.error());
    versions.insert(versions.end(), page->layers.begin(), page->layers.end());
    if (!page->next_marker) break;
    marker = page->next_marker;
  }
  std::stable_sort(versions.begin(), versions.end(),
                   [](const auto& a, const auto& b) { return a.version > b.version; });
  return versions;
}

Result<std::vector<std::string>> resolve_layers(Session& session, const std::vector<std::string>& layers) {
  std::vector<std::string> arns;
  for (const std::string& layer : layers) {
    auto arn = resolve_layer(session, layer);
    if (!arn) return tl::unexpected(arn.error());
    arns.push_back(std::move(*arn));
  }
  return arns;
}

tl::unexpected<Error> no_such_layer(const std::string& name) {
  return fail(ErrorKind::not_found,
              "there is no layer " + name + "; 'lambdapool layer list' shows those that there are.");
}

}  // namespace lambdapool::deploy
