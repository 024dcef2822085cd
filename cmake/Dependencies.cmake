# Third-party libraries, all from Debian's packages. The archives (.a) are preferred to the shared
# libraries, so that a program built with lambdapool carries what it needs: a worker starts without a
# long list of libraries, and -static-pie works. This file is installed with the package too.
include_guard(GLOBAL)
include(CMakeFindDependencyMacro)
find_dependency(Threads)

# lambdapool_find(NAME HEADER header [LIBRARIES lib...] PACKAGE Debian's package): an imported interface target
# lambdapool_dep::NAME. What is missing is told all at once, by lambdapool_tell_missing.
function(lambdapool_find name)
  cmake_parse_arguments(arg "" "HEADER;PACKAGE" "LIBRARIES" ${ARGN})
  if(TARGET lambdapool_dep::${name})
    return()
  endif()
  find_path(LAMBDAPOOL_${name}_INCLUDE ${arg_HEADER})
  mark_as_advanced(LAMBDAPOOL_${name}_INCLUDE)
  set(missing "")
  if(NOT LAMBDAPOOL_${name}_INCLUDE)
    list(APPEND missing ${arg_HEADER})
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
      list(APPEND missing lib${library})
    endif()
    list(APPEND libraries ${LAMBDAPOOL_LIBRARY_${library}})
  endforeach()
  if(missing)
    set_property(GLOBAL APPEND PROPERTY LAMBDAPOOL_MISSING ${missing})
    set_property(GLOBAL APPEND PROPERTY LAMBDAPOOL_MISSING_PACKAGES ${arg_PACKAGE})
    return()
  endif()
  add_library(lambdapool_dep::${name} INTERFACE IMPORTED GLOBAL)
  set_target_properties(lambdapool_dep::${name} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${LAMBDAPOOL_${name}_INCLUDE}"
    INTERFACE_LINK_LIBRARIES "${libraries}")
endfunction()

# Ends the configuring where something was not found.
function(lambdapool_tell_missing)
  get_property(missing GLOBAL PROPERTY LAMBDAPOOL_MISSING)
  get_property(packages GLOBAL PROPERTY LAMBDAPOOL_MISSING_PACKAGES)
  if(missing)
    list(REMOVE_DUPLICATES missing)
    list(REMOVE_DUPLICATES packages)
    list(JOIN missing ", " missing)
    list(JOIN packages " " packages)
    message(FATAL_ERROR "lambdapool needs what is not here: ${missing}. On Debian and Ubuntu:\n"
      "  apt-get install ${packages}")
  endif()
endfunction()

lambdapool_find(zlib HEADER zlib.h LIBRARIES z PACKAGE zlib1g-dev)
lambdapool_find(libdeflate HEADER libdeflate.h LIBRARIES deflate PACKAGE libdeflate-dev)
lambdapool_find(minizip HEADER minizip/unzip.h LIBRARIES minizip z PACKAGE libminizip-dev)
lambdapool_find(sqlite HEADER sqlite3.h LIBRARIES sqlite3 m dl PACKAGE libsqlite3-dev)
lambdapool_find(openssl HEADER openssl/ssl.h LIBRARIES ssl crypto dl PACKAGE libssl-dev)
