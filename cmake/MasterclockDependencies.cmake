# Finds what the library links: the system's packages, or else their sources. A project that already has
# these targets keeps its own. cmake/packages.txt lists the Debian names.
include(FetchContent)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Options of the fetched projects. Both are old enough to need this policy.
set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
set(BUILD_TZ_LIB ON)         # date: compile tz.cpp
set(USE_SYSTEM_TZ_DB ON)     # date: read the system's database (USE_OS_TZDB)
set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_ENABLE_INSTALL ON)  # our installed package requires Abseil's

if(NOT TARGET date::date-tz)
  FetchContent_Declare(date
    GIT_REPOSITORY https://github.com/HowardHinnant/date.git
    GIT_TAG v3.0.1
    SYSTEM
    FIND_PACKAGE_ARGS 3.0 CONFIG)
  FetchContent_MakeAvailable(date)
endif()

if(NOT TARGET absl::status)
  FetchContent_Declare(absl
    GIT_REPOSITORY https://github.com/abseil/abseil-cpp.git
    GIT_TAG 20220623.1
    SYSTEM
    FIND_PACKAGE_ARGS CONFIG)
  FetchContent_MakeAvailable(absl)
endif()
