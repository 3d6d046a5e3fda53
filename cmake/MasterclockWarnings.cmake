# masterclock_build: how this project compiles its own programs. Users of the library never see it.
#
# The library's own include directories are ordinary ones here (not SYSTEM), so that its headers are
# held to the same warnings as the programs.
add_library(masterclock_build INTERFACE)
target_compile_options(masterclock_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
target_link_libraries(masterclock_build INTERFACE masterclock::masterclock)

set(MASTERCLOCK_SANITIZE "" CACHE STRING
    "Sanitizers for this project's programs: empty, 'address,undefined' or 'thread'")
if(MASTERCLOCK_SANITIZE)
  target_compile_options(masterclock_build INTERFACE
    -fsanitize=${MASTERCLOCK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(masterclock_build INTERFACE -fsanitize=${MASTERCLOCK_SANITIZE})
endif()
