// One unit that sees the whole library, for clang-tidy.
#include "masterclock/masterclock.h"
#include "masterclock/testing/manual_time_source.h"
