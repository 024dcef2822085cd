#include "small_pickle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

namespace lambdapool::python {

namespace nb = nanobind;

namespace {

constexpr std::size_t largest = 1024;
constexpr int deepest = 8;
constexpr char protocol[] = {'\x80', 5};
constexpr std::uint8_t status_of_value = 0;  // in an outcome

// By pickletools' names.
enum Opcode : char {
  FRAME = '\x95',
  MEMOIZE = '\x94',
  STOP = '.',
  NONE = 'N',
  NEWTRUE = '\x88',
  NEWFALSE = '\x89',
  BININT1 = 'K',
  BININT2 = 'M',
  BININT = 'J',
  LONG1 = '\x8a',
  BINFLOAT = 'G',
  SHORT_BINUNICODE = '\x8c',
  BINUNICODE = 'X',
  SHORT_BINBYTES = 'C',
  BINBYTES = 'B',
  MARK = '(',
  EMPTY_TUPLE = ')',
  TUPLE1 = '\x85',
  TUPLE2 = '\x86',
  TUPLE3 = '\x87',
  TUPLE = 't',
  EMPTY_LIST = ']',
  APPEND = 'a',
  APPENDS = 'e',
  EMPTY_DICT = '}',
  SETITEM = 's',
  SETITEMS = 'u',
};

class Writer {
 public:
  // False: it is none of these values.
  bool write(PyObject* value) {
    return put(protocol, sizeof protocol) && put(FRAME) && put_number<std::uint64_t>(0) &&
           write(value, deepest) && put(STOP) && frame();
  }

  nb::bytes bytes() const { return nb::bytes(buffer_.data(), size_); }

 private:
  bool put(const void* bytes, std::size_t size) {
    if (size > buffer_.size() - size_) return false;
    std::memcpy(buffer_.data() + size_, bytes, size);
    size_ += size;
    return true;
  }
  bool put(Opcode code) { return put(&code, 1); }

  template <class Number>
  bool put_number(Number number) {
    static_assert(std::endian::native == std::endian::little);
    return put(&number, sizeof number);
  }

  bool frame() {
    constexpr std::size_t head = sizeof protocol + 1 + sizeof(std::uint64_t);
    const std::uint64_t size = size_ - head;
    std::memcpy(buffer_.data() + sizeof protocol + 1, &size, sizeof size);
    return true;
  }

  bool write(PyObject* value, int depth) {
    if (value == Py_None) return put(NONE);
    if (PyBool_Check(value)) return put(value == Py_True ? NEWTRUE : NEWFALSE);
    if (PyLong_CheckExact(value)) return write_integer(value);
    if (PyFloat_CheckExact(value)) return write_float(PyFloat_AsDouble(value));
    if (PyUnicode_CheckExact(value)) return write_text(value);
    if (PyBytes_CheckExact(value)) return write_bytes(value);
    if (depth == 0) return false;
    if (PyTuple_CheckExact(value)) return write_tuple(value, depth - 1);
    if (PyList_CheckExact(value)) return is_new(value) && write_list(value, depth - 1);
    return PyDict_CheckExact(value) && is_new(value) && write_dict(value, depth - 1);
  }

  bool write_integer(PyObject* value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) return false;
    if (number < std::numeric_limits<std::int32_t>::min() ||
        number > std::numeric_limits<std::int32_t>::max())
      return put(LONG1) && put_number<std::uint8_t>(sizeof number) && put_number(number);
    if (number < 0 || number > 0xFFFF) return put(BININT) && put_number(static_cast<std::int32_t>(number));
    if (number > 0xFF) return put(BININT2) && put_number(static_cast<std::uint16_t>(number));
    return put(BININT1) && put_number(static_cast<std::uint8_t>(number));
  }

  bool write_float(double number) {
    auto bytes = std::bit_cast<std::array<char, sizeof number>>(number);
    std::ranges::reverse(bytes);
    return put(BINFLOAT) && put(bytes.data(), bytes.size());
  }

  bool write_text(PyObject* value) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(value, &size);
    if (text == nullptr) {  // half a character of UTF-16's
      PyErr_Clear();
      return false;
    }
    return write_sized(SHORT_BINUNICODE, BINUNICODE, text, static_cast<std::size_t>(size));
  }

  bool write_bytes(PyObject* value) {
    return write_sized(SHORT_BINBYTES, BINBYTES, PyBytes_AsString(value),
                       static_cast<std::size_t>(PyBytes_Size(value)));
  }

  bool write_sized(Opcode if_short, Opcode otherwise, const char* bytes, std::size_t size) {
    const bool head = size < 256 ? put(if_short) && put_number(static_cast<std::uint8_t>(size))
                                 : put(otherwise) && put_number(static_cast<std::uint32_t>(size));
    return head && put(bytes, size);
  }

  bool write_tuple(PyObject* tuple, int depth) {
    static constexpr Opcode codes[] = {EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3};
    const Py_ssize_t size = PyTuple_Size(tuple);
    const bool is_short = size < 4;
    if (!is_short && !put(MARK)) return false;
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (!write(PyTuple_GetItem(tuple, i), depth)) return false;
    }
    return put(is_short ? codes[size] : TUPLE);
  }

  bool write_list(PyObject* list, int depth) {
    const Py_ssize_t size = PyList_Size(list);
    if (!put(EMPTY_LIST) || (size > 1 && !put(MARK))) return false;
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (!write(PyList_GetItem(list, i), depth)) return false;
    }
    return size == 0 || put(size == 1 ? APPEND : APPENDS);
  }

  bool write_dict(PyObject* dict, int depth) {
    const Py_ssize_t size = PyDict_Size(dict);
    if (!put(EMPTY_DICT) || (size > 1 && !put(MARK))) return false;
    Py_ssize_t at = 0;
    PyObject *key = nullptr, *value = nullptr;
    while (PyDict_Next(dict, &at, &key, &value)) {
      if (!write(key, depth) || !write(value, depth)) return false;
    }
    return size == 0 || put(size == 1 ? SETITEM : SETITEMS);
  }

  // What is one list or dict here has to be one there, too, for which there is no memo.
  bool is_new(PyObject* container) {
    const auto end = containers_.begin() + static_cast<std::ptrdiff_t>(seen_);
    if (seen_ == containers_.size() || std::find(containers_.begin(), end, container) != end) return false;
    containers_[seen_++] = container;
    return true;
  }

  std::array<char, largest> buffer_;
  std::size_t size_ = 0;
  std::array<PyObject*, 16> containers_;
  std::size_t seen_ = 0;
};

// What it does not know is left to pickle, whose pickles these are.
class Reader {
 public:
  explicit Reader(std::string_view pickle) : left_(pickle) {}

  bool begin() {
    if (!take({protocol, sizeof protocol})) return false;
    std::uint64_t size = 0;
    return !take(FRAME) || (take_number(size) && size == left_.size());
  }
  bool end() { return take(STOP) && left_.empty(); }

  bool take(std::string_view bytes) {
    if (!left_.starts_with(bytes)) return false;
    left_.remove_prefix(bytes.size());
    return true;
  }
  bool take(Opcode code) { return take({reinterpret_cast<const char*>(&code), 1}); }
  bool take_and_memoize(Opcode code) {
    const bool taken = take(code);
    take(MEMOIZE);
    return taken;
  }

  template <class Number>
  bool take_number(Number& number) {
    if (left_.size() < sizeof number) return false;
    std::memcpy(&number, left_.data(), sizeof number);
    left_.remove_prefix(sizeof number);
    return true;
  }

  bool take_float(double& number) {
    std::array<char, sizeof number> bytes{};
    if (!take(BINFLOAT) || !take_number(bytes)) return false;
    std::ranges::reverse(bytes);
    number = std::bit_cast<double>(bytes);
    return true;
  }

  bool take_sized(Opcode if_short, Opcode otherwise, std::string_view& bytes) {
    std::uint8_t few = 0;
    std::uint32_t size = 0;
    if (take(if_short) && take_number(few)) {
      size = few;
    } else if (!take(otherwise) || !take_number(size)) {
      return false;
    }
    if (left_.size() < size) return false;
    bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    take(MEMOIZE);
    return true;
  }

  // Null where it is none of these.
  nb::object atom() {
    if (take(NONE)) return nb::none();
    if (take(NEWTRUE)) return nb::bool_(true);
    if (take(NEWFALSE)) return nb::bool_(false);
    if (take(BININT1)) return integer<std::uint8_t>();
    if (take(BININT2)) return integer<std::uint16_t>();
    if (take(BININT)) return integer<std::int32_t>();
    if (double number = 0; take_float(number)) return nb::float_(number);
    std::string_view bytes;
    if (take_sized(SHORT_BINUNICODE, BINUNICODE, bytes)) return text(bytes);
    if (take_sized(SHORT_BINBYTES, BINBYTES, bytes)) return nb::bytes(bytes.data(), bytes.size());
    return {};
  }

 private:
  template <class Number>
  nb::object integer() {
    Number number = 0;
    return take_number(number) ? nb::object(nb::int_(number)) : nb::object();
  }

  static nb::object text(std::string_view utf8) {
    const auto size = static_cast<Py_ssize_t>(utf8.size());
    const auto text = nb::steal(PyUnicode_DecodeUTF8(utf8.data(), size, "surrogatepass"));
    if (!text) PyErr_Clear();
    return text;
  }

  std::string_view left_;
};

}  // namespace

nb::object small_outcome(const nb::bytes& body) {
  Reader outcome({body.c_str(), body.size()});
  std::string_view pickled;
  double seconds = 0;
  const std::uint8_t value_follows[] = {BININT1, status_of_value};
  if (!outcome.begin() || !outcome.take_and_memoize(EMPTY_LIST) ||
      !outcome.take({reinterpret_cast<const char*>(value_follows), sizeof value_follows}) ||
      !outcome.take_sized(SHORT_BINBYTES, BINBYTES, pickled) || !outcome.take_and_memoize(TUPLE2) ||
      !outcome.take(APPEND) || !outcome.take_float(seconds) || !outcome.take_and_memoize(TUPLE2) ||
      !outcome.end())
    return nb::none();
  Reader reader(pickled);
  const auto value = reader.begin() ? reader.atom() : nb::object();
  if (!value || !reader.end()) return nb::none();
  return nb::make_tuple(value, seconds);
}

nb::object small_pickle(nb::handle value) {
  Writer writer;
  if (!writer.write(value.ptr())) return nb::none();
  return writer.bytes();
}

}  // namespace lambdapool::python
