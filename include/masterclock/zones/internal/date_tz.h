// Includes date/tz.h. No other header of this library does.
//
// The macro USE_OS_TZDB changes the layout of that header's classes. A program without the macro would
// read wrong memory when it links a date library with it. The CMake target defines the macro, and a
// compilation without it fails here.
#ifndef MASTERCLOCK_ZONES_INTERNAL_DATE_TZ_H_
#define MASTERCLOCK_ZONES_INTERNAL_DATE_TZ_H_

#include "masterclock/version.h"

#if !defined(USE_OS_TZDB) || !USE_OS_TZDB
#error \
    "Link the CMake target masterclock::masterclock: it carries USE_OS_TZDB=1, without which date/tz.h does not match its library."
#endif

#include <date/tz.h>

#endif  // MASTERCLOCK_ZONES_INTERNAL_DATE_TZ_H_
