// The data that an engine stores beside its calls.
#include <stdexcept>

#include "buffer_view.hpp"
#include "conversion.hpp"
#include "engine.hpp"

namespace lambdapool::python {

std::shared_ptr<objects::Store> Engine::running_store() {
  refuse_forked();
  const std::lock_guard lock(mutex_);
  if (!engine_ || !store_) throw std::runtime_error("the engine is closed, or has no store");
  return store_;
}

objects::ResultPlaces& Engine::running_places() {
  running_store();
  return *places_;
}

nb::tuple Engine::put(const std::string& name, const nb::object& bytes, bool hashed) {
  const BufferView view(bytes, BufferView::Access::read);
  const auto store = running_store();
  Result<objects::Stored> stored;
  {
    const nb::gil_scoped_release released;
    stored = store->put(name, {view.data(), view.size()},
                        hashed ? objects::Digest::wanted : objects::Digest::unwanted);
  }
  if (!stored) return nb::make_tuple("", "", to_tuple(stored.error()));
  return nb::make_tuple(text(stored->file), text(stored->sha256), nb::none());
}

nb::object Engine::get(Batch::Call call, std::uint64_t offset, const nb::object& into) {
  return fetch_from(running_places().name_of(call), offset, into);
}

nb::object Engine::fetch(const std::string& name, const nb::object& into) {
  return fetch_from(name, 0, into);
}

nb::object Engine::fetch_from(const std::string& name, std::uint64_t offset, const nb::object& into) {
  const BufferView view(into, BufferView::Access::write);
  const auto store = running_store();
  Result<void> got;
  {
    const nb::gil_scoped_release released;
    got = store->get(name, offset, view.data(), view.size());
  }
  return got ? nb::object(nb::none()) : nb::object(to_tuple(got.error()));
}

void Engine::remove(const std::string& name) { running_store()->remove(name); }

void Engine::remove_result(Batch::Call call) {
  const auto name = running_places().forget(call);
  if (!name.empty()) remove(name);
}

std::string Engine::url(const std::string& name) { return running_store()->url("GET", name); }

}  // namespace lambdapool::python
