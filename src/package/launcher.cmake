# Builds the launcher for the target and, where a cross compiler is at hand, for Lambda's other architecture,
# and embeds both (LAMBDAPOOL_x86_64_COMPILER and LAMBDAPOOL_aarch64_COMPILER name others). The compiler is called directly: flags meant for the library (sanitizers, coverage, PIE)
# have no place in a program without a C library.
function(lambdapool_embed_launcher target)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/launcher/launcher.c)
  foreach(architecture x86_64 aarch64)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/launcher_${architecture})
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL architecture AND NOT LAMBDAPOOL_${architecture}_COMPILER)
      set(compiler ${CMAKE_C_COMPILER})
    else()
      find_program(LAMBDAPOOL_${architecture}_COMPILER ${architecture}-linux-gnu-gcc)
      mark_as_advanced(LAMBDAPOOL_${architecture}_COMPILER)
      set(compiler ${LAMBDAPOOL_${architecture}_COMPILER})
    endif()
    if(compiler)
      add_custom_command(OUTPUT ${output} DEPENDS ${source} VERBATIM COMMAND ${compiler} -std=gnu11 -Os
        -Wall -Wextra -Werror -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables
        -fno-pie -static -nostdlib -Wl,--build-id=none -s -o ${output} ${source})
    else()
      file(WRITE ${output} "")  # empty: this program can't make such packages, and says so
    endif()
    lambdapool_embed(${target} NAME launcher_${architecture} FILE ${output})
  endforeach()
endfunction()
