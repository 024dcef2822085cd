# What the library is compiled with and its users need not have: headers alone.
lambdapool_find(expected HEADER tl/expected.hpp PACKAGE libexpected-dev)
lambdapool_find(asio HEADER boost/asio.hpp PACKAGE libboost-dev)
lambdapool_find(json HEADER nlohmann/json.hpp PACKAGE nlohmann-json3-dev)
lambdapool_find(cli11 HEADER CLI/CLI.hpp PACKAGE libcli11-dev)
lambdapool_find(toml11 HEADER toml.hpp PACKAGE libtoml11-dev)
lambdapool_tell_missing()
