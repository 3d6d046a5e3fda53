// The one place that includes date/tz.h.
//
// That header lays out its classes by USE_OS_TZDB. A program compiled without the define but linked
// with a library that was built with it reads garbage, so the define comes with the CMake target
// and its absence is an error here, not at run time.
#ifndef MASTERCLOCK_ZONES_INTERNAL_DATE_TZ_H_
#define MASTERCLOCK_ZONES_INTERNAL_DATE_TZ_H_

#include "masterclock/version.h"

#if !defined(USE_OS_TZDB) || !USE_OS_TZDB
#error \
    "Link the CMake target masterclock::masterclock: it carries USE_OS_TZDB=1, without which date/tz.h does not match its library."
#endif

#include <date/tz.h>

#endif  // MASTERCLOCK_ZONES_INTERNAL_DATE_TZ_H_
