# What the library is compiled with and its users need not have: headers alone.
lambdapool_find(expected HEADER tl/expected.hpp PACKAGE libexpected-dev)
lambdapool_find(asio HEADER boost/asio.hpp PACKAGE libboost-dev)
lambdapool_find(json HEADER nlohmann/json.hpp PACKAGE nlohmann-json3-dev)
lambdapool_find(cli11 HEADER CLI/CLI.hpp PACKAGE libcli11-dev)
lambdapool_find(toml11 HEADER toml.hpp PACKAGE libtoml11-dev)
if(LAMBDAPOOL_PYTHON)  # Where they are not, it is told with all else; python/ looks for the rest.
  find_package(Python 3.9 QUIET COMPONENTS Interpreter Development.Module ${SKBUILD_SABI_COMPONENT})
  if(Python_Interpreter_FOUND AND NOT Python_Development.Module_FOUND)
    set_property(GLOBAL APPEND PROPERTY LAMBDAPOOL_MISSING Python.h)
    set_property(GLOBAL APPEND PROPERTY LAMBDAPOOL_MISSING_PACKAGES python3-dev)
  endif()
endif()
lambdapool_tell_missing()
