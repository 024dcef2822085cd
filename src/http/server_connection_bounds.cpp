// What a connection may hold of a request that is still on its way, and for how long.
#include <algorithm>

#include "http/caller.hpp"
#include "http/server_connection.hpp"

namespace lambdapool::http {
namespace {

// A body that does not say how long it is is granted its memory in pieces of this size.
constexpr std::size_t chunk_share = 1 << 20;

}  // namespace

const Caller& ServerConnection::caller() {
  if (!caller_) caller_ = caller_of(stream_.socket().native_handle());
  return *caller_;
}

// Beyond what everybody gets, all that a head may take is granted at once: the text and what is made of it.
bool ServerConnection::head_fits() {
  const auto& memory = settings_.guard->memory;
  if (!memory || state_ != State::reading || phase_ == Phase::body) return true;
  if (share_.bytes() > 0 || buffer_.data().size() + ReadBuffer::small <= free_bytes) return true;
  share_ = memory->empty_share();
  return share_.grow(2 * settings_.limits.max_header_bytes);
}

// False: the body has to wait, or was refused. Nothing of it is taken in meanwhile.
bool ServerConnection::make_room() {
  const auto& memory = settings_.guard->memory;
  const auto length = parser_.body_length().value_or(0);
  if (!memory || length <= free_bytes) return true;
  if (share_.bytes() == 0) share_ = memory->empty_share();
  const std::size_t wanted = length + ReadBuffer::large;
  if (share_.grow(wanted)) {
    parser_.expect_body(length);
    return true;
  }
  if (!memory->could_fit(wanted + share_.bytes())) {
    refuse(503, "This is more than the memory for requests, which others need too.");
    return false;
  }
  if (state_ == State::reading) {
    state_ = State::waiting_for_room;
    expect_within(&Deadlines::room);
  }
  wait_for_room_ = memory->wait_for(wanted, [loop = loop_, weak = weak_from_this()] {
    const auto running = loop.lock();
    if (!running) return;
    running->post([weak] {
      if (const auto self = weak.lock()) self->room_again();
    });
  });
  return false;
}

void ServerConnection::room_again() {
  if (state_ != State::waiting_for_room) return;
  const auto self = shared_from_this();
  try {
    if (!make_room()) return;
    wait_for_room_.reset();
    state_ = State::reading;
    go_on();
    serve();
    wait_to_read();
  } catch (const std::exception&) {
    serving_ = false;
    out_of_memory();
  }
}

bool ServerConnection::chunks_fit() {
  const auto& memory = settings_.guard->memory;
  const auto here = parser_.body_bytes();
  if (!memory || parser_.body_length() || here <= std::max(share_.bytes(), free_bytes)) return true;
  if (share_.bytes() == 0) share_ = memory->empty_share();
  if (!share_.grow(std::max(chunk_share, here - share_.bytes()))) return false;
  // Address space only: what is not written to takes no memory, and a body that grows is not copied.
  parser_.expect_body(settings_.limits.max_body_bytes);
  return true;
}

// The request is not complete: its peer is told to go on, and for how long we listen.
void ServerConnection::go_on() {
  if (parser_.wants_continue() && !std::exchange(continued_, true)) {
    constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.write(line, {});  // so short that it fits, or else the client goes on without it
  }
  if (phase_ != Phase::body) return;
  if (!chunks_fit()) return refuse(503, "There is no memory for so large a body just now.");
  expect_within(&Deadlines::stall);
  if (deadline_) deadline_ = std::min(*deadline_, body_until_);
}

void ServerConnection::expect_within(Deadlines::Duration Deadlines::*time) {
  since_ = std::chrono::steady_clock::now();
  deadline_.reset();
  if (const auto& deadlines = settings_.guard->deadlines; deadlines && time)
    deadline_ = deadlines->clock() + (*deadlines).*time;
}

std::optional<std::chrono::steady_clock::time_point> ServerConnection::spare_since() const {
  if (state_ != State::reading || phase_ == Phase::body) return std::nullopt;
  return since_;
}

void ServerConnection::look_at_clock(std::chrono::steady_clock::time_point now) {
  if (!deadline_ || now < *deadline_) return;
  if (state_ == State::waiting_for_room)
    return refuse(503, "There was no memory for this request, because of others.");
  const bool asked = state_ == State::reading && parser_.started();
  if (asked) return refuse(408, "The request took too long to arrive.");
  close();
}

}  // namespace lambdapool::http
