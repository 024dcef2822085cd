# Third-party libraries, all from Debian's packages. The archives (.a) are preferred to the shared
# libraries, so that a program built with lambdapool carries what it needs: a worker starts without a
# long list of libraries, and -static-pie works. This file is installed with the package too.
include_guard(GLOBAL)
include(CMakeFindDependencyMacro)
find_dependency(Threads)

# lambdapool_find(NAME HEADER header LIBRARIES lib...): an imported interface target lambdapool_dep::NAME.
function(lambdapool_find name)
  cmake_parse_arguments(arg "" "HEADER" "LIBRARIES" ${ARGN})
  if(TARGET lambdapool_dep::${name})
    return()
  endif()
  find_path(LAMBDAPOOL_${name}_INCLUDE ${arg_HEADER})
  mark_as_advanced(LAMBDAPOOL_${name}_INCLUDE)
  if(NOT LAMBDAPOOL_${name}_INCLUDE)
    message(FATAL_ERROR "lambdapool needs the header ${arg_HEADER} (${name}); see its README for the packages")
  endif()
  set(libraries "")
  foreach(library IN LISTS arg_LIBRARIES)
    if(library MATCHES "^(m|dl)$")  # the C library's own parts are linked as the rest of it is
      list(APPEND libraries ${library})
      continue()
    endif()
    find_library(LAMBDAPOOL_LIBRARY_${library} NAMES lib${library}.a ${library})
    mark_as_advanced(LAMBDAPOOL_LIBRARY_${library})
    if(NOT LAMBDAPOOL_LIBRARY_${library})
      message(FATAL_ERROR "lambdapool needs the library ${library} (${name}); see its README for the packages")
    endif()
    list(APPEND libraries ${LAMBDAPOOL_LIBRARY_${library}})
  endforeach()
  add_library(lambdapool_dep::${name} INTERFACE IMPORTED GLOBAL)
  set_target_properties(lambdapool_dep::${name} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${LAMBDAPOOL_${name}_INCLUDE}"
    INTERFACE_LINK_LIBRARIES "${libraries}")
endfunction()

lambdapool_find(expected HEADER tl/expected.hpp)
lambdapool_find(zlib HEADER zlib.h LIBRARIES z)
lambdapool_find(minizip HEADER minizip/unzip.h LIBRARIES minizip z)
lambdapool_find(sqlite HEADER sqlite3.h LIBRARIES sqlite3 m dl)
lambdapool_find(openssl HEADER openssl/ssl.h LIBRARIES ssl crypto dl)
