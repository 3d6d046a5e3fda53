# Finds Howard Hinnant's date: an oracle of the tests and a peer of the benchmarks. The library does not use it.
include(FetchContent)
set(BUILD_TZ_LIB ON)      # compile tz.cpp
set(USE_SYSTEM_TZ_DB ON)  # read the system's database
if(NOT TARGET date::date-tz)
  FetchContent_Declare(date
    GIT_REPOSITORY https://github.com/HowardHinnant/date.git
    GIT_TAG v3.0.1
    SYSTEM
    FIND_PACKAGE_ARGS 3.0 CONFIG)
  FetchContent_MakeAvailable(date)
endif()
