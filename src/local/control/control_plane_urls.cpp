// Requests to functions' URLs: who may call, the event, the invocation, the answer.
#include <memory>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "local/control/control_plane_impl.hpp"
#include "local/url/access.hpp"
#include "local/url/answer.hpp"
#include "local/url/event.hpp"

namespace lambdapool::local {
namespace {

constexpr const char* not_public =
    "Forbidden. The resource policy does not let everybody call this URL. Two statements with Principal * "
    "are "
    "asked for: Action lambda:InvokeFunctionUrl with FunctionUrlAuthType NONE, and Action "
    "lambda:InvokeFunction "
    "with InvokedViaFunctionUrl; AddPermission adds them.";

http::Response too_large_for_url() {
  return url_refusal(413, "Request must be smaller than " +
                              std::to_string(limits::request_payload_bytes_max) + " bytes as an event.");
}

struct Prepared {
  std::string sha256_hex;
  std::string event;
};

}  // namespace

tl::expected<std::shared_ptr<const FunctionUrl>, http::Response> ControlPlane::Impl::open_url(
    const UrlAddress& address, const http::Request& head) {
  auto found = urls.find(address.id);
  if (!found) return tl::unexpected(refusal_response(found.error()));
  auto& url = *found;
  if (!url) return tl::unexpected(url_refusal(403, "Forbidden. No function has this URL."));
  if (const auto refused = refused_to_page(*url, address, head))
    return tl::unexpected(url_refusal(403, *refused));
  if (is_preflight(*url, head)) return url;
  if (!url->is_signed && !url->is_public) return tl::unexpected(url_refusal(403, not_public));
  if (!url->is_signed) return url;
  if (auto whole = signature.verify_head(head, options.clock()); !whole)
    return tl::unexpected(url_refusal(403, "Forbidden. " + whole.error().message));
  return url;
}

// The hash of what is large, and its event, are made in the background.
void ControlPlane::Impl::begin_url(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  auto url = open_url(*exchange.address, exchange.request);
  if (!url) return respond(id, std::move(url.error()));
  if (is_preflight(**url, exchange.request))
    return respond(id, preflight_answer(*(*url)->cors, exchange.request));
  if (static_cast<std::int64_t>(exchange.request.body.size()) > limits::request_payload_bytes_max)
    return respond(id, too_large_for_url());
  UrlCall call{*exchange.address, (*url)->id + ".lambda-url." + options.region + ".localhost",
               exchange.request_id, "", epoch_ms(options.clock())};
  const bool hash = (*url)->is_signed && signature.needs_payload_hash(exchange.request);
  if (const auto signer = sigv4::parse_authorization(exchange.request.headers.get("authorization"));
      (*url)->is_signed && signer)
    call.access_key = signer->access_key_id;
  const auto prepare = [call = std::move(call), hash](const http::Request& request) {
    return Prepared{hash ? sha256_hex(request.body) : "", url_event(call, request)};
  };
  if (exchange.request.body.size() <= large_payload) {
    auto prepared = prepare(exchange.request);
    return invoke_url(id, *url, prepared.sha256_hex, std::move(prepared.event));
  }
  auto request = std::make_shared<http::Request>(exchange.request);
  exchange.request.body.clear();
  threads.run([this, id, prepare, request, url = *url] {
    std::shared_ptr<Prepared> prepared;
    try {
      prepared = std::make_shared<Prepared>(prepare(*request));
    } catch (const std::exception& failure) {
      return post_for(
          id, [id, answer = url_refusal(500, std::string("The local Lambda has failed: ") + failure.what())](
                  Impl& self) { self.respond(id, answer); });
    }
    post_for(id, [id, url, prepared](Impl& self) {
      self.invoke_url(id, url, prepared->sha256_hex, std::move(prepared->event));
    });
  });
}

void ControlPlane::Impl::invoke_url(std::uint64_t id, const std::shared_ptr<const FunctionUrl>& url,
                                    const std::string& body_sha256_hex, std::string event) {
  auto& exchange = exchanges.at(id);
  if (url->is_signed) {
    if (auto valid = signature.verify(exchange.request, body_sha256_hex, options.clock()); !valid)
      return respond(id, url_refusal(403, "Forbidden. " + valid.error().message));
  }
  if (static_cast<std::int64_t>(event.size()) > limits::request_payload_bytes_max)
    return respond(id, too_large_for_url());
  exchange.request.body.clear();
  exchange.responder.release_memory();
  const InvokeRequest invocation{{url->function, url->qualifier},
                                 InvocationType::request_response,
                                 false,
                                 "",
                                 url->is_streamed ? Streaming::url : Streaming::none};
  invoker.invoke(invocation, exchange.request_id, std::move(event),
                 [self = weak_from_this(), id, url](http::Response response) {
                   const auto alive = self.lock();
                   if (alive) alive->guarded(id, [&] { alive->answer_url(id, url, std::move(response)); });
                 });
}

void ControlPlane::Impl::answer_url(std::uint64_t id, const std::shared_ptr<const FunctionUrl>& url,
                                    http::Response invoked) {
  const auto finish = [id, url](Impl& self, http::Response answer) {
    const auto found = self.exchanges.find(id);
    if (found == self.exchanges.end()) return;
    add_cors_headers(*url, found->second.request, answer);
    self.respond(id, std::move(answer));
  };
  if (url->is_streamed) return finish(*this, std::move(invoked));
  if (invoked.body.size() <= large_payload) return finish(*this, url_answer_of(std::move(invoked)));
  auto shared = std::make_shared<http::Response>(std::move(invoked));
  threads.run([this, id, shared, finish] {
    try {
      *shared = url_answer_of(std::move(*shared));
    } catch (const std::exception& failure) {
      *shared = url_refusal(500, std::string("The local Lambda has failed: ") + failure.what());
    }
    post_for(id, [shared, finish](Impl& self) { finish(self, std::move(*shared)); });
  });
}

}  // namespace lambdapool::local
