// A plain function's address as module, offset and symbol, and back. On both sides the address is checked
// to be a function's beginning, by the symbol table where there is one, so that a message cannot make a
// worker jump into the middle of something.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "lambdapool/detail/carrier.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/modules.hpp"
#include "runtime/symbols.hpp"

namespace lambdapool::detail {
namespace {

using runtime::Module;
using runtime::SymbolFile;

std::string describe(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (address == nullptr) throw InvalidArgument("the function pointer is null");
  for (const Module& module : runtime::loaded_modules()) {
    if (!module.has_code_at(at)) continue;
    const SymbolFile symbols = SymbolFile::of(module);
    const auto name = symbols.function_at(at - module.base);
    if (!name && symbols.complete()) break;
    Writer out;
    out.text(module.build_id);
    out.length(at - module.base);
    out.text(name.value_or(""));
    return out.take();
  }
  throw InvalidArgument("the function pointer is not a function of this executable or of its libraries");
}

const void* resolve(const std::string& build_id, std::uint64_t offset, const std::string& name) {
  const std::vector<Module> modules = runtime::loaded_modules();
  for (const Module& module : modules) {
    if (build_id.empty() || module.build_id != build_id) continue;
    const std::uintptr_t address = module.base + offset;
    if (!module.has_code_at(address)) {
      throw MalformedMessage("the task's function lies outside of the program's code");
    }
    const SymbolFile symbols = SymbolFile::of(module);
    if (symbols.complete() && !symbols.function_at(offset)) {
      throw MalformedMessage("the task's function is not the beginning of one");
    }
    return reinterpret_cast<const void*>(address);
  }
  // Another build of the same program: offsets differ, names do not.
  if (!name.empty() && !modules.empty()) {
    if (const auto here = SymbolFile::of(modules.front()).function_named(name)) {
      return reinterpret_cast<const void*>(modules.front().base + *here);
    }
  }
  throw MalformedMessage("the task's function '" + name +
                         "' is not found in this build of the program; pass it as lambdapool::fn<&function>");
}

// Reading a symbol table takes milliseconds, and programs call few functions many times.
template <class Key, class Value>
class Remembered {
 public:
  template <class Find>
  Value get(const Key& key, Find find) {
    const std::lock_guard lock(mutex_);
    auto found = known_.find(key);
    if (found == known_.end()) found = known_.emplace(key, find()).first;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Value> known_;
};

bool is_mapped(std::uintptr_t address) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  unsigned char residency = 0;
  return ::mincore(reinterpret_cast<void*>(address & ~(page - 1)), 1, &residency) == 0 || errno != ENOMEM;
}

}  // namespace

void write_function(Writer& out, const void* address) {
  static Remembered<const void*, std::string> described;
  out.raw(described.get(address, [&] { return describe(address); }));
}

const void* read_function(Reader& in) {
  static Remembered<std::tuple<std::string, std::uint64_t, std::string>, const void*> resolved;
  const std::string build_id(in.text());
  const std::uint64_t offset = in.number();
  const std::string name(in.text());
  return resolved.get({build_id, offset, name}, [&] { return resolve(build_id, offset, name); });
}

// The kernel says whether a word is an address, without reading what is there.
void refuse_addresses(const void* object, std::size_t size, std::uintptr_t lowest) {
  const auto* bytes = static_cast<const char*>(object);
  for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= size; at += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    std::memcpy(&word, bytes + at, sizeof word);
    if (word < std::max<std::uintptr_t>(lowest, 0x10000) || word >> 56 != 0 || !is_mapped(word)) continue;
    throw InvalidArgument(
        "a captured value is the address of something in this process, which means nothing in a worker; "
        "capture "
        "values without pointers, or send state with lambdapool::with(f, state...)");
  }
}

}  // namespace lambdapool::detail
