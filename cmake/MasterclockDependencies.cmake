# Finds what the library links: the system's Abseil, or else its sources. A project that already has the
# target keeps its own.
include(FetchContent)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Options of fetched projects, which are old enough to need this policy.
set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_ENABLE_INSTALL ON)  # our installed package requires Abseil's

if(NOT TARGET absl::status)
  FetchContent_Declare(absl
    GIT_REPOSITORY https://github.com/abseil/abseil-cpp.git
    GIT_TAG 20220623.1
    SYSTEM
    FIND_PACKAGE_ARGS CONFIG)
  FetchContent_MakeAvailable(absl)
endif()
