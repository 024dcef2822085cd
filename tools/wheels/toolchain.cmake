# The C++ toolchain of wheels: LAMBDAPOOL_WHEEL_DIR (tools/wheels/toolchain.sh) has its compilers and libraries.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LAMBDAPOOL_WHEEL_DIR LAMBDAPOOL_WHEEL_ARCHITECTURE)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${LAMBDAPOOL_WHEEL_ARCHITECTURE})
set(CMAKE_C_COMPILER ${LAMBDAPOOL_WHEEL_DIR}/bin/cc)
set(CMAKE_CXX_COMPILER ${LAMBDAPOOL_WHEEL_DIR}/bin/c++)
foreach(tool AR RANLIB)
  string(TOLOWER ${tool} name)
  set(CMAKE_${tool} ${LAMBDAPOOL_WHEEL_DIR}/bin/${name} CACHE FILEPATH "")
  set(CMAKE_C_COMPILER_${tool} ${CMAKE_${tool}} CACHE FILEPATH "")
  set(CMAKE_CXX_COMPILER_${tool} ${CMAKE_${tool}} CACHE FILEPATH "")
endforeach()
set(LAMBDAPOOL_STATIC_OPTIONS -target ${LAMBDAPOOL_WHEEL_ARCHITECTURE}-linux-musl CACHE STRING "")
set(LAMBDAPOOL_x86_64_COMPILER ${LAMBDAPOOL_WHEEL_DIR}/bin/cc-x86_64 CACHE FILEPATH "")
set(LAMBDAPOOL_aarch64_COMPILER ${LAMBDAPOOL_WHEEL_DIR}/bin/cc-aarch64 CACHE FILEPATH "")

# Boost.Asio of Debian 12 takes std::result_of, which C++20 has no more, from libraries that it does not know.
# Nothing of a wheel tells where it was built, nor whether ccache was there, which gives the compiler paths from where
# it runs (CCACHE_BASEDIR).
get_filename_component(root ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
file(RELATIVE_PATH up ${LAMBDAPOOL_WHEEL_DIR}/cmake ${root})
foreach(language C CXX)
  string(APPEND CMAKE_${language}_FLAGS_INIT " -g0 -ffile-prefix-map=${root}=. -ffile-prefix-map=${up}=./")
endforeach()
string(APPEND CMAKE_CXX_FLAGS_INIT " -DBOOST_ASIO_HAS_STD_INVOKE_RESULT=1")

# Headers and libraries: what was built for the wheel, never the machine's.
set(CMAKE_FIND_ROOT_PATH ${LAMBDAPOOL_WHEEL_DIR}/deps)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE NEVER)
