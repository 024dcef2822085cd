#include "runtime/exception.hpp"

#include <cxxabi.h>

#include <any>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "lambdapool/codec.hpp"
#include "lambdapool/detail/exceptions.hpp"

namespace lambdapool {
namespace {

// The types of send_exception. Filled before init; read from then on.
struct ExceptionTypes {
  std::mutex mutex;
  std::vector<detail::ExceptionType> types;

  const detail::ExceptionType* find(std::string_view name) {
    const std::lock_guard lock(mutex);
    for (const auto& type : types) {
      if (name == type.type->name()) return &type;
    }
    return nullptr;
  }
};

ExceptionTypes& exception_types() {
  static ExceptionTypes types;
  return types;
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? text.get() : name;
}

// An error_code by category name, since categories are objects of one process.
struct Code {
  int value = 0;
  std::string category;
};

const std::error_category* category_named(std::string_view name) {
  for (const std::error_category* category : {&std::generic_category(), &std::system_category(),
                                              &std::iostream_category(), &std::future_category()}) {
    if (name == category->name()) return category;
  }
  return nullptr;
}

// How a standard class that is more than its what() is taken apart and built again.
template <class E>
struct Shape {
  static void write(Writer&, const E&) {}
  static bool writable(const E&) { return true; }
  static E make(Reader&, const std::string& what) {
    if constexpr (std::is_constructible_v<E, const std::string&>) {
      return E(what);
    } else {
      return E();
    }
  }
};

template <class E>
  requires std::is_base_of_v<std::system_error, E>
struct Shape<E> {
  static bool writable(const E& error) { return category_named(error.code().category().name()) != nullptr; }
  static void write(Writer& out, const E& error) {
    out.scalar(static_cast<std::int32_t>(error.code().value()));
    out.text(error.code().category().name());
    if constexpr (std::is_same_v<E, std::filesystem::filesystem_error>) {
      out.text(error.path1().native());
      out.text(error.path2().native());
    }
  }
  static E make(Reader& in, const std::string& what) {
    const int value = in.scalar<std::int32_t>();
    const std::error_category* category = category_named(in.text());
    if (category == nullptr) throw MalformedMessage("an exception's error category is unknown");
    const std::error_code code(value, *category);
    if constexpr (std::is_same_v<E, std::filesystem::filesystem_error>) {
      const std::filesystem::path first(in.text());
      return E(what, first, std::filesystem::path(in.text()), code);
    } else if constexpr (std::is_same_v<E, std::system_error>) {
      return E(code, what);
    } else {
      return E(what, code);
    }
  }
};

template <>
struct Shape<std::future_error> {
  static bool writable(const std::future_error&) { return true; }
  static void write(Writer& out, const std::future_error& error) {
    out.scalar(static_cast<std::int32_t>(error.code().value()));
  }
  static std::future_error make(Reader& in, const std::string&) {
    return std::future_error(static_cast<std::future_errc>(in.scalar<std::int32_t>()));
  }
};

// Most derived first; the place in this list is what goes over the wire.
using StandardClasses =
    detail::Types<std::exception, std::bad_array_new_length, std::bad_alloc, std::bad_any_cast, std::bad_cast,
                  std::bad_typeid, std::bad_function_call, std::bad_weak_ptr, std::bad_optional_access,
                  std::bad_variant_access, std::bad_exception, std::out_of_range, std::invalid_argument,
                  std::domain_error, std::length_error, std::future_error, std::logic_error,
                  std::filesystem::filesystem_error, std::ios_base::failure, std::system_error,
                  std::range_error, std::overflow_error, std::underflow_error, std::runtime_error>;

template <class E>
bool write_if(Writer& out, const std::exception& error, std::uint8_t index) {
  const auto* as = dynamic_cast<const E*>(&error);
  if (as == nullptr || !Shape<E>::writable(*as)) return false;
  Writer shape;
  Shape<E>::write(shape, *as);
  out.scalar(index);
  out.text(shape.bytes());
  return true;
}

template <class... E>
void write_standard_class(Writer& out, const std::exception& error, detail::Types<std::exception, E...>) {
  std::uint8_t index = 0;
  if ((write_if<E>(out, error, ++index) || ...)) return;
  out.scalar(std::uint8_t{0});
  out.text("");
}

struct Link {
  RemoteError::Cause cause;
  std::uint8_t standard_class = 0;
  std::string_view shape;
  std::string_view own_type;  // typeid's name, where send_exception knows it
  std::string_view own_fields;
};

template <class... E>
[[noreturn]] void raise_standard(const Link& link, std::vector<RemoteError::Cause> chain,
                                 std::exception_ptr nested, detail::Types<E...>) {
  Reader shape(link.shape);
  std::uint8_t index = 0;
  ((index++ == link.standard_class
        ? detail::raise(Remote<E>(Shape<E>::make(shape, link.cause.what), chain), nested)
        : void()),
   ...);
  throw MalformedMessage("an exception's standard class is unknown");
}

// The class's own name: std::throw_with_nested wraps it in one of the library's.
std::string type_name(const std::exception& error) {
  std::string name = demangled(typeid(error).name());
  const std::string_view wrapper = "std::_Nested_exception<";
  if (name.starts_with(wrapper)) name = name.substr(wrapper.size(), name.rfind('>') - wrapper.size());
  while (name.ends_with(' ')) name.pop_back();
  return name;
}

// typeid's name of the class without that wrapper: "St17_Nested_exceptionI7BadTradeE" is around "7BadTrade".
std::string_view own_type_name(const std::exception& error) {
  std::string_view name = typeid(error).name();
  const std::string_view wrapper = "St17_Nested_exceptionI";
  if (name.starts_with(wrapper)) name = name.substr(wrapper.size(), name.size() - wrapper.size() - 1);
  return name;
}

void write_link(Writer& out, const std::exception& error) {
  out.text(type_name(error));
  out.text(error.what());
  write_standard_class(out, error, StandardClasses{});
  const std::string_view own = own_type_name(error);
  if (const detail::ExceptionType* type = exception_types().find(own)) {
    Writer fields;
    type->write(fields, error);
    out.text(own);
    out.text(fields.bytes());
  } else {
    out.text("");
    out.text("");
  }
}

void write_foreign_link(Writer& out) {
  const std::type_info* type = abi::__cxa_current_exception_type();
  const std::string name = type == nullptr ? "an unknown type" : demangled(type->name());
  out.text(name);
  out.text("the function threw something that is not a std::exception: " + name);
  out.scalar(std::uint8_t{0});
  out.text("");
  out.text("");
  out.text("");
}

constexpr std::size_t max_chain = 64;

[[noreturn]] void raise_from(const std::vector<Link>& links, std::size_t at) {
  std::exception_ptr nested;
  if (at + 1 < links.size()) {
    try {
      raise_from(links, at + 1);
    } catch (const MalformedMessage&) {
      throw;
    } catch (...) {
      nested = std::current_exception();
    }
  }
  std::vector<RemoteError::Cause> chain;
  for (std::size_t i = at; i < links.size(); ++i) chain.push_back(links[i].cause);
  const Link& link = links[at];
  if (const detail::ExceptionType* type =
          link.own_type.empty() ? nullptr : exception_types().find(link.own_type)) {
    Reader fields(link.own_fields);
    type->raise(fields, chain, nested);
  }
  raise_standard(link, std::move(chain), nested, StandardClasses{});
}

}  // namespace

namespace detail {

void register_exception(const ExceptionType& type) {
  if (exception_types().find(type.type->name()) != nullptr) return;
  const std::lock_guard lock(exception_types().mutex);
  exception_types().types.push_back(type);
}

}  // namespace detail

namespace runtime {

std::string describe_exception(const std::exception_ptr& thrown) {
  std::vector<std::string> links;
  std::exception_ptr next = thrown;
  while (next && links.size() < max_chain) {
    Writer link;
    std::exception_ptr nested;
    try {
      std::rethrow_exception(next);
    } catch (const std::exception& error) {
      write_link(link, error);
      if (const auto* holder = dynamic_cast<const std::nested_exception*>(&error))
        nested = holder->nested_ptr();
    } catch (...) {
      write_foreign_link(link);
    }
    links.push_back(link.take());
    next = nested;
  }
  Writer out;
  out.length(links.size());
  for (const std::string& link : links) out.raw(link);
  return out.take();
}

void throw_described(std::string_view bytes) {
  Reader in(bytes);
  const std::size_t count = in.length(6);
  if (count == 0 || count > max_chain) throw MalformedMessage("an exception's chain is empty or too long");
  std::vector<Link> links(count);
  for (Link& link : links) {
    link.cause.type_name = in.text();
    link.cause.what = in.text();
    link.standard_class = in.scalar<std::uint8_t>();
    link.shape = in.text();
    link.own_type = in.text();
    link.own_fields = in.text();
  }
  in.finish();
  raise_from(links, 0);
}

}  // namespace runtime
}  // namespace lambdapool
