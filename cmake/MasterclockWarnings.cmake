# masterclock_build: the options of this project's own programs. Users of the library do not get them. The
# library's folder is no SYSTEM folder here: its headers compile under the same warnings as the programs.
add_library(masterclock_build INTERFACE)
target_compile_options(masterclock_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # At -O3, g++ 12 sees an overlap in "text" + std::string(...): https://gcc.gnu.org/PR105651.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-restrict>
  # In a unity build the types of an anonymous namespace come from an included source.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>)
target_link_libraries(masterclock_build INTERFACE masterclock::masterclock)

set(MASTERCLOCK_SANITIZE "" CACHE STRING
    "Sanitizers of this project's programs: empty, 'address,undefined' or 'thread'")
if(MASTERCLOCK_SANITIZE)
  target_compile_options(masterclock_build INTERFACE
    -fsanitize=${MASTERCLOCK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(masterclock_build INTERFACE -fsanitize=${MASTERCLOCK_SANITIZE})
  target_compile_definitions(masterclock_build INTERFACE MASTERCLOCK_SANITIZED)
endif()
