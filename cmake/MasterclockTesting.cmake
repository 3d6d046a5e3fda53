# masterclock_test_room(NAME source... [THREADED source...]): adds one GoogleTest program and registers each of
# its tests with ctest. Tests of suites named Real... get the label `real`. Under ThreadSanitizer the program
# has only the sources after THREADED.
include(FetchContent)
if(NOT TARGET GTest::gmock)
  FetchContent_Declare(googletest
    GIT_REPOSITORY https://github.com/google/googletest.git
    GIT_TAG release-1.12.1
    FIND_PACKAGE_ARGS NAMES GTest)
  FetchContent_MakeAvailable(googletest)
endif()
include(GoogleTest)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

# Compiles the precompiled header that all test programs share.
add_library(masterclock_test_headers OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
target_link_libraries(masterclock_test_headers PRIVATE masterclock_build GTest::gmock)
target_precompile_headers(masterclock_test_headers PRIVATE
  <algorithm> <atomic> <chrono> <condition_variable> <cstdint> <filesystem> <fstream> <functional>
  <memory> <mutex> <optional> <sstream> <string> <string_view> <thread> <utility> <variant> <vector>
  <gmock/gmock.h> <gtest/gtest.h>
  <absl/functional/any_invocable.h> <absl/status/status.h> <absl/status/statusor.h>)

function(masterclock_test_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" THREADED)
  set(sources ${room_THREADED})
  if(NOT MASTERCLOCK_SANITIZE STREQUAL "thread")
    list(PREPEND sources ${room_UNPARSED_ARGUMENTS})
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE masterclock_build GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM masterclock_test_headers)
  # A test that formats with {fmt} does not link it.
  target_compile_definitions(${name} PRIVATE MASTERCLOCK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" FMT_HEADER_ONLY)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." TEST_FILTER "-Real*" DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." TEST_FILTER "Real*" DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 LABELS real)
endfunction()

# masterclock_model_tests(NAME source...): as masterclock_test_room, for tests that make millions of steps. The
# whole program is optimised in every build: beside a source without optimisation the linker may keep that
# source's copy of an inline function.
function(masterclock_model_tests name)
  masterclock_test_room(${name} ${ARGN})
  target_compile_options(${name} PRIVATE -O2)
  set_target_properties(${name} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON UNITY_BUILD OFF)
endfunction()
