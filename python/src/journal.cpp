#include "journal.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conversion.hpp"
#include "journal/run.hpp"

namespace nb = nanobind;

namespace lambdapool::python {
namespace {

using journal::Position;
using journal::RunJournal;

std::string_view view_of(const nb::bytes& bytes) {
  return {static_cast<const char*>(bytes.data()), bytes.size()};
}

// What failed is returned as to_tuple() has it, and None says that nothing did.
nb::object told(const Result<void>& done) { return done ? nb::none() : nb::object(to_tuple(done.error())); }

// Waits for the disk without the interpreter's lock.
template <class Act>
auto without_lock(Act&& act) {
  const nb::gil_scoped_release released;
  return act();
}

class Journal {
 public:
  explicit Journal(std::unique_ptr<RunJournal> run) : run_(std::move(run)) {}

  // One byte an item: 0 missing, 2 done.
  nb::object claim(Position first, const nb::list& digests, bool whole) {
    const auto run = run_;
    if (!run) return closed();
    std::vector<std::string_view> views;
    views.reserve(digests.size());
    for (const auto digest : digests) views.push_back(view_of(nb::cast<nb::bytes>(digest)));
    const auto extent = whole ? RunJournal::Extent::whole : RunJournal::Extent::part;
    const auto states = without_lock([&] { return run->claim(first, views, extent); });
    if (!states) return to_tuple(states.error());
    return nb::bytes(reinterpret_cast<const char*>(states->data()), states->size());
  }
  nb::object result(Position item) {
    const auto run = run_;
    if (!run) return closed();
    const auto bytes = without_lock([&] { return run->result(item); });
    if (!bytes) return to_tuple(bytes.error());
    return nb::bytes(bytes->data(), bytes->size());
  }
  nb::object ended(Position items) {
    const auto run = run_;
    return run ? told(without_lock([&] { return run->ended(items); })) : closed();
  }
  nb::object sent(const std::vector<Position>& items) {
    const auto run = run_;
    return run ? told(without_lock([&] { return run->sent(items); })) : closed();
  }
  nb::object returned(const std::vector<Position>& items) {
    const auto run = run_;
    return run ? told(without_lock([&] { return run->returned(items); })) : closed();
  }
  nb::object took(double billed_ms, int memory_mb, double cost) {
    const auto run = run_;
    if (!run) return closed();
    return told(without_lock([&] { return run->took({billed_ms, memory_mb, cost}); }));
  }
  nb::object done(const nb::list& results) {
    const auto run = run_;
    if (!run) return closed();
    std::vector<std::pair<Position, std::string_view>> views;
    for (const auto result : results) {
      const auto pair = nb::cast<nb::tuple>(result);  // the list keeps its bytes
      views.emplace_back(nb::cast<Position>(pair[0]), view_of(nb::cast<nb::bytes>(pair[1])));
    }
    return told(without_lock([&] { return run->done(views); }));
  }
  void close() { run_.reset(); }

 private:
  static nb::object closed() {
    return to_tuple(Error{ErrorKind::cancelled, "the run has ended here, and its journal is closed"});
  }
  std::shared_ptr<RunJournal> run_;
};

nb::object open_journal(const std::string& name, std::string function, std::string code,
                        const std::string& on_change, bool idempotent) {
  using journal::OnChange;
  const OnChange change = on_change == "restart" ? OnChange::restart
                          : on_change == "keep"  ? OnChange::keep
                                                 : OnChange::error;
  auto run = RunJournal::open(journal::runs_directory(Environment::of_this_process()), name,
                              {std::move(function), std::move(code), change, idempotent});
  if (!run) return to_tuple(run.error());
  return nb::cast(Journal(std::move(*run)));
}

}  // namespace

void bind_journal(nb::module_& module) {
  nb::class_<Journal>(module, "Journal")
      .def("claim", &Journal::claim, nb::arg("first"), nb::arg("digests"), nb::arg("whole"))
      .def("result", &Journal::result, nb::arg("item"))
      .def("ended", &Journal::ended, nb::arg("items"))
      .def("sent", &Journal::sent, nb::arg("items"))
      .def("returned", &Journal::returned, nb::arg("items"))
      .def("done", &Journal::done, nb::arg("results"))
      .def("took", &Journal::took, nb::arg("billed_ms"), nb::arg("memory_mb"), nb::arg("cost"))
      .def("close", &Journal::close);
  module.def("open_journal", &open_journal, nb::arg("name"), nb::arg("function"), nb::arg("code"),
             nb::arg("on_change"), nb::arg("idempotent"));
}

}  // namespace lambdapool::python
