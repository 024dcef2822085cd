// What gives a secret away whatever its file is called.
#pragma once

#include <string_view>

namespace lambdapool::package {

// "a private key"; null where nothing looks like a secret. Text that only speaks of keys, as a program does
// that reads them, is none.
const char* secret_by_content(std::string_view bytes);

}  // namespace lambdapool::package
