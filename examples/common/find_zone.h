// Finds the zone that a person named, and says what is wrong with a name that is none.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_FIND_ZONE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_FIND_ZONE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "masterclock/zones/zone.h"
#include "masterclock/zones/zone_database.h"

namespace common {

// Errors: NotFound, "Invalid timezone 'dublin': did you mean Europe/Dublin?", for a name in another
//         case, without its region, with a blank in place of '_', or with a letter or two wrong.
//         NotFound that names the directory, where it has no time zone database.
[[nodiscard]] absl::StatusOr<masterclock::Zone> find_zone(
    std::string_view name,
    masterclock::ZoneDatabase& database = masterclock::ZoneDatabase::system());

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_FIND_ZONE_H_
