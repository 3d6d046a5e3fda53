# What the library links: the system's packages where they are, their sources where they are not.
# The Debian names are in cmake/packages.txt.
include(FetchContent)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# What fetched projects are told. They are old enough to need this policy to listen.
set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
set(BUILD_TZ_LIB ON)        # date: compile tz.cpp ...
set(USE_SYSTEM_TZ_DB ON)    # ... against the system's database (USE_OS_TZDB)
set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_ENABLE_INSTALL ON)  # what our package requires is installed with it

FetchContent_Declare(date
  GIT_REPOSITORY https://github.com/HowardHinnant/date.git
  GIT_TAG v3.0.1
  SYSTEM
  FIND_PACKAGE_ARGS 3.0 CONFIG)

FetchContent_Declare(absl
  GIT_REPOSITORY https://github.com/abseil/abseil-cpp.git
  GIT_TAG 20220623.1
  SYSTEM
  FIND_PACKAGE_ARGS CONFIG)

FetchContent_MakeAvailable(date absl)
