#include "runtime/exception.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "lambdapool/exception.hpp"

namespace lambdapool::runtime {
namespace {

struct Custom : std::invalid_argument {
  explicit Custom(const std::string& what) : std::invalid_argument(what) {}
};

template <class F>
std::string described(F throwing) {
  try {
    throwing();
  } catch (...) {
    return describe_exception(std::current_exception());
  }
  return "";
}

TEST(Exceptions, ArriveAsTheirMostDerivedStandardClass) {
  EXPECT_THROW(throw_described(described([] { throw std::out_of_range("x"); })), std::out_of_range);
  EXPECT_THROW(throw_described(described([] { throw std::bad_alloc(); })), std::bad_alloc);
  EXPECT_THROW(throw_described(described([] { (void)std::vector<int>().at(3); })), std::out_of_range);
  EXPECT_THROW(throw_described(described([] { (void)std::optional<int>().value(); })),
               std::bad_optional_access);
  EXPECT_THROW(throw_described(described([] { throw Custom("c"); })), std::invalid_argument);
  EXPECT_THROW(throw_described(described([] { throw std::future_error(std::future_errc::broken_promise); })),
               std::future_error);
}

TEST(Exceptions, KeepTypeNameAndWhat) {
  try {
    throw_described(described([] { throw Custom("what it said"); }));
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_NE(error.type_name().find("Custom"), std::string::npos);
    EXPECT_EQ(error.remote_what(), "what it said");
    EXPECT_STREQ(dynamic_cast<const std::exception&>(error).what(), "what it said");
  }
}

TEST(Exceptions, KeepErrorCodesAndPaths) {
  try {
    throw_described(described([] {
      throw std::filesystem::filesystem_error("open", "/a", "/b",
                                              std::make_error_code(std::errc::permission_denied));
    }));
    FAIL();
  } catch (const std::filesystem::filesystem_error& error) {
    EXPECT_EQ(error.code(), std::errc::permission_denied);
    EXPECT_EQ(error.path2(), "/b");
  }
}

TEST(Exceptions, OfAnUnknownCategoryArriveAsRuntimeErrors) {
  struct Own : std::error_category {
    const char* name() const noexcept override { return "own"; }
    std::string message(int) const override { return "own message"; }
  };
  static const Own own;
  try {
    throw_described(described([] { throw std::system_error(3, own, "text"); }));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "text: own message");
  }
}

TEST(Exceptions, ThatAreNoExceptionsSayWhatTheyWere) {
  try {
    throw_described(described([] { throw 7; }));
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "the function threw something that is not a std::exception: int");
  }
}

TEST(Exceptions, StayNested) {
  const std::string bytes = described([] {
    try {
      throw std::range_error("inner");
    } catch (...) {
      std::throw_with_nested(std::length_error("outer"));
    }
  });
  try {
    throw_described(bytes);
    FAIL();
  } catch (const std::length_error& error) {
    EXPECT_STREQ(error.what(), "outer");
    EXPECT_THROW(std::rethrow_if_nested(error), std::range_error);
  }
}

TEST(Exceptions, OfATypeThatWasRegisteredArriveAsThatType) {
  struct Registered : std::runtime_error {
    explicit Registered(const std::string& what) : std::runtime_error(what) {}
  };
  const auto bytes = [] { return described([] { throw Registered("r"); }); };
  EXPECT_THROW(throw_described(bytes()), std::runtime_error);
  send_exception<Registered>();
  EXPECT_THROW(throw_described(bytes()), Registered);
}

TEST(Exceptions, ThatCannotBeReadAreMalformed) {
  const std::string whole =
      described([] { throw std::system_error(std::make_error_code(std::errc::io_error)); });
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(throw_described(std::string_view(whole).substr(0, size)), MalformedMessage) << size;
  }
}

}  // namespace
}  // namespace lambdapool::runtime
