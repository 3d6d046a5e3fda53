// What the wall says: a time zone as a value.
//
// A Zone is one pointer to an immutable table of every offset the zone ever had and, by the rules
// in force, will have. Copy it, keep it, hand it to other threads: it stays valid for the life of
// the process, also when the cache it came from is cleared or takes newer rules (a Zone obtained
// before keeps the old ones). Get one from a ZoneCache or from `MasterClock::zone`.
//
// A gap and a fold are answers, not exceptions: `resolve` names every instant that a wall reading
// can mean, `to_utc` picks one by the policy you state (local_clock.h).
//
// Units:   nanoseconds; offsets are whole seconds, as the database has them.
// Threads: any. Nothing here locks, allocates or does I/O, but for the text of an error.
// Cost:    a few nanoseconds from 1970 to 2106, a binary search outside.
// Source:  the IANA time zone database as installed, RFC 8536.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;
//   const masterclock::Zone dublin = zones.find("Europe/Dublin").value();
//   // 01:30 on 29 March 2026 never comes: at 01:00 it is 02:00.
//   const masterclock::LocalTime wall = local_days(2026y / March / 29) + 1h + 30min;
//   assert(dublin.resolve(wall).kind == masterclock::LocalResolution::kGap);
//   assert(!dublin.to_utc(wall, masterclock::Resolve::kReject).ok());
//   assert(dublin.to_utc(wall, masterclock::Resolve::kSnap).value() ==
//          sys_days(2026y / March / 29) + 1h);
#ifndef MASTERCLOCK_ZONES_ZONE_H_
#define MASTERCLOCK_ZONES_ZONE_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/zones/internal/zone_compiler.h"
#include "masterclock/zones/internal/zone_table.h"
#include "masterclock/zones/zone_offset.h"

namespace masterclock::inline v0_2 {

class Zone {
 public:
  // UTC. Needs no database.
  Zone() noexcept : table_(&utc_table()) {}

  // For the library: a handle on a table that is never destroyed.
  explicit Zone(const internal::ZoneTable& table) noexcept : table_(&table) {}
  [[nodiscard]] const internal::ZoneTable& table() const noexcept { return *table_; }

  // The name under which it was looked up: a link keeps its own ("US/Eastern").
  [[nodiscard]] std::string_view name() const noexcept { return table_->name(); }

  // How the wall stands to UTC at `utc`, and from when to when that holds. Always inline, so that a
  // caller who looks at one field pays for one.
  [[nodiscard]] [[gnu::always_inline]] ZoneOffset offset_at(UtcTime utc) const noexcept {
    return table_->offset_at(count(utc));
  }

  // The offset alone.
  [[nodiscard]] std::chrono::seconds utc_offset(UtcTime utc) const noexcept {
    return std::chrono::seconds(table_->offset_seconds(count(utc)));
  }

  // The same for a time of coarser precision, which spares a division.
  template <class Duration>
  requires(std::ratio_greater_equal_v<typename Duration::period, std::ratio<1>>)
      [[nodiscard]] std::chrono::seconds
      utc_offset(std::chrono::sys_time<Duration> utc) const noexcept {
    return std::chrono::seconds(
        table_->offset_at_second(std::chrono::seconds(utc.time_since_epoch()).count()));
  }

  // What the wall says at `utc`. Within a day of 1677 or 2262 it stops at the end of the range.
  [[nodiscard]] LocalTime to_local(UtcTime utc) const noexcept {
    return LocalTime(std::chrono::nanoseconds(table_->to_local(count(utc))));
  }

  // Every instant that the wall reading `local` can mean.
  [[nodiscard]] LocalResolution resolve(LocalTime local) const noexcept {
    return table_->resolve(local.time_since_epoch().count());
  }

  // The instant that `local` means under `policy`.
  //
  // Errors: FailedPrecondition under kReject in a gap or a fold, naming both candidates.
  //         OutOfRange where the instant lies outside 1677 to 2262.
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve policy) const {
    const LocalResolution found = resolve(local);
    if (found.kind == LocalResolution::kUnique) {
      if (to_local(found.earlier) == local) return found.earlier;
      return absl::OutOfRangeError("The local time " + to_rfc3339(local) + " in " + table_->name() +
                                   " lies outside 1677-09-21 to 2262-04-11 UTC");
    }
    const bool gap = found.kind == LocalResolution::kGap;
    switch (policy) {
      case Resolve::kEarlier:
        return found.earlier;
      case Resolve::kLater:
        return found.later;
      case Resolve::kCompatible:
        return gap ? found.later : found.earlier;
      case Resolve::kSnap:
        return gap ? found.transition : found.earlier;
      case Resolve::kReject:
        break;
    }
    return absl::FailedPreconditionError(
        "The local time " + to_rfc3339(local) + (gap ? " does not exist in " : " occurs twice in ") +
        table_->name() + ": " + to_rfc3339(found.earlier) + " or " + to_rfc3339(found.later));
  }

  // The first instant after `utc` at which anything about local time changes: offset, daylight or
  // abbreviation. Nothing when the rules make no further change before 2262.
  [[nodiscard]] std::optional<UtcTime> next_transition(UtcTime utc) const noexcept {
    const UtcTime end = offset_at(utc).end;
    return end == UtcTime::max() ? std::nullopt : std::optional(end);
  }

  // Every change in [from, until), oldest first: what holds from each of them on.
  //
  // Cost: a walk over the answers, and the memory for them.
  [[nodiscard]] std::vector<ZoneOffset> transitions(UtcTime from, UtcTime until) const {
    std::vector<ZoneOffset> found;
    std::size_t span = table_->span_at(count(from));
    if (table_->offset(span).begin < from || span == 0) ++span;  // what is in force is no change
    for (; span < table_->span_count(); ++span) {
      const ZoneOffset offset = table_->offset(span);
      if (offset.begin >= until) break;
      found.push_back(offset);
    }
    return found;
  }

  // The same zone under the same name with the same rules.
  friend bool operator==(Zone, Zone) noexcept = default;

 private:
  static std::int64_t count(UtcTime utc) noexcept { return utc.time_since_epoch().count(); }

  static const internal::ZoneTable& utc_table() noexcept {
    static const auto* const table = new internal::ZoneTable(
        "UTC", internal::ZoneCompiler::compile({{0, false, "UTC"}, {}, ""}));
    return *table;
  }

  const internal::ZoneTable* table_;
};

static_assert(sizeof(Zone) == sizeof(void*) && std::is_trivially_copyable_v<Zone>);
static_assert(WallClock<Zone>);

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_ZONE_H_
