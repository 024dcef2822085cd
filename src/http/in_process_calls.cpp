#include "http/in_process_calls.hpp"

namespace lambdapool::http {
namespace {

using Reached = TransportError::Reached;

}  // namespace

class InProcessCalls::Sink final : public Responder::Sink {
 public:
  Sink(std::weak_ptr<InProcessCalls> calls, Client::Id id) : calls_(std::move(calls)), id_(id) {}
  ~Sink() override {
    const auto calls = answered_ ? nullptr : calls_.lock();
    if (calls)
      calls->answered(id_,
                      {500, {{"Content-Type", "text/plain"}}, "The service has dropped this request.\n"});
  }
  void send(Response response) override {
    answered_ = true;
    if (const auto calls = calls_.lock()) calls->answered(id_, std::move(response));
  }
  void on_disconnect(std::function<void()> gone) override {
    const auto calls = calls_.lock();
    if (!calls) return;
    if (const auto call = calls->calls_.find(id_); call != calls->calls_.end())
      call->second.gone = std::move(gone);
  }
  void release_memory() override {}

 private:
  const std::weak_ptr<InProcessCalls> calls_;
  const Client::Id id_;
  bool answered_ = false;
};

void InProcessCalls::start(std::unique_ptr<Exchange> exchange) {
  const Client::Id id = exchange->id;
  Request request = exchange->request;  // its sender may want it back, to send it again
  if (request.ahead) {
    request.ahead = [calls = weak_from_this(), id](std::string_view piece) {
      if (const auto alive = calls.lock()) alive->ahead(id, piece);
    };
  }
  calls_.emplace(id, Call{std::move(exchange)});
  const bool nested = std::exchange(starting_, true);
  service_->handle(std::move(request), Responder(std::make_unique<Sink>(weak_from_this(), id)));
  starting_ = nested;
}

void InProcessCalls::answered(Client::Id id, Response response) {
  if (starting_) {
    early_.emplace_back(id, std::move(response));
    if (early_.size() == 1) service_->loop().post([self = shared_from_this()] { self->tell_early(); });
    return;
  }
  auto node = calls_.extract(id);
  if (!node) return;
  Exchange& exchange = *node.mapped().exchange;
  auto doubt = exchange.doubt ? exchange.doubt(response) : std::nullopt;
  if (!doubt) return exchange.finish(std::move(response));
  exchange.finish(
      tl::unexpected(TransportError{Reached::maybe, std::move(*doubt), std::move(response.headers)}));
}

// What comes after the call has ended is nobody's.
void InProcessCalls::ahead(Client::Id id, std::string_view piece) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;
  const auto take = call->second.exchange->request.ahead;  // which may end the call
  take(piece);
}

void InProcessCalls::tell_early() {
  for (auto& [id, response] : std::exchange(early_, {})) answered(id, std::move(response));
}

void InProcessCalls::end(Call call) {
  if (call.gone) call.gone();
  call.exchange->finish(tl::unexpected(TransportError{
      Reached::maybe, Error{ErrorKind::cancelled, "the client was closed while waiting for the answer"}}));
}

void InProcessCalls::cancel(Client::Id id) {
  if (auto node = calls_.extract(id)) end(std::move(node.mapped()));
}

void InProcessCalls::close() {
  const auto self = shared_from_this();
  for (auto& [id, call] : std::exchange(calls_, {})) end(std::move(call));
  early_.clear();
  service_.reset();
}

}  // namespace lambdapool::http
