# masterclock_test_room(NAME source...): one GoogleTest program, each of its tests known to ctest. The
# tests of suites named Real... get the label `real`.
include(FetchContent)
FetchContent_Declare(googletest
  GIT_REPOSITORY https://github.com/google/googletest.git
  GIT_TAG release-1.12.1
  FIND_PACKAGE_ARGS NAMES GTest)
FetchContent_MakeAvailable(googletest)
include(GoogleTest)

function(masterclock_test_room name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE masterclock_build GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    MASTERCLOCK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX "${name}." TEST_FILTER "-Real*" DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." TEST_FILTER "Real*" DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 LABELS real)
endfunction()
