// Reads the history of a zone from the date library, the first source of rules.
#ifndef MASTERCLOCK_ZONES_INTERNAL_DATE_RULES_H_
#define MASTERCLOCK_ZONES_INTERNAL_DATE_RULES_H_

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "masterclock/zones/internal/date_tz.h"
#include "masterclock/zones/internal/zone_rules.h"

namespace masterclock::inline v0_2::internal {

// Returns no rules for a name that date does not know, and for a file that date cannot read. The footer
// stays empty: date does not read it and continues the last listed type.
inline std::optional<ZoneRules> read_date_rules(std::string_view name) {
  const auto type_of = [](const date::sys_info& info) {
    return LocalTimeType{static_cast<std::int32_t>(info.offset.count()), info.save.count() != 0,
                         info.abbrev};
  };
  // A change after this instant is date's mark for no change.
  constexpr date::sys_seconds kNever(std::chrono::seconds(100'000'000'000));
  try {
    const date::time_zone* const zone = date::locate_zone(name);
    date::sys_info info = zone->get_info(date::sys_seconds(std::chrono::seconds(-100'000'000'000)));
    ZoneRules rules;
    rules.first = type_of(info);
    while (info.end < kNever) {
      info = zone->get_info(info.end);
      rules.changes.push_back({info.begin.time_since_epoch().count(), type_of(info)});
    }
    return rules;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_DATE_RULES_H_
