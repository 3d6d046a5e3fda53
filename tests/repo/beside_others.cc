// Compiles every public header without run-time type information, after the macros of Qt.
#ifdef __cpp_rtti
#error "compile this file with -fno-rtti"
#endif

// Qt 5 and 6, qobjectdefs.h and qforeach.h
#define Q_OBJECT
#define Q_SIGNALS public
#define Q_SLOTS
#define Q_EMIT
#define signals public
#define slots
#define emit
#define foreach(variable, container) for (variable : container)
#define forever for (;;)

#include "masterclock/masterclock.h"
#include "masterclock/testing/manual_time_source.h"

// Code of templates is checked only where it is used.
masterclock::ConsistencyReport use_the_clock(masterclock::TimeSource& source) {
  const masterclock::MasterClock clock(source);
  return clock.validate_time_consistency();
}
