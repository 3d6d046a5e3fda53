// Defines the history of a zone as its file states it.
//
// tzif.h reads it. Then posix_tz.h adds the changes after the last listed change, and
// zone_compiler.h compiles the result.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_RULES_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_RULES_H_

#include "masterclock/version.h"

#include <cstdint>
#include <string>
#include <vector>

namespace masterclock::inline v0_2::internal {

// One kind of local time.
struct LocalTimeType {
  std::int32_t offset = 0;  // seconds east of Greenwich
  bool is_dst = false;      // as the database marks it; see ZoneOffset::daylight
  std::string abbreviation;
  bool operator==(const LocalTimeType&) const = default;
};

// `type` holds from `at` on, in POSIX seconds.
struct ZoneChange {
  std::int64_t at = 0;
  LocalTimeType type;
  bool operator==(const ZoneChange&) const = default;
};

struct ZoneRules {
  LocalTimeType first;              // before the first change
  std::vector<ZoneChange> changes;  // by instant, strictly increasing
  std::string footer;               // the POSIX TZ rule after the last change; may be empty
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_RULES_H_
