// Converts between UTC and the local time of a time zone, as a value.
//
// A Zone is a pointer to an immutable table of all offsets, past and future. A Zone is valid for
// the life of the process, and keeps its rules when the cache is cleared or the database takes newer
// rules. A ZoneCache returns zones by name.
//
// Some local times occur twice (a fold) or never (a gap). `resolve` returns all instants that a
// local time can mean. `to_utc` selects one of them by a policy (local_clock.h).
//
// Units:   nanoseconds; offsets are whole seconds, as in the database.
// Threads: any; no function locks. Only error messages allocate.
// Cost:    a few nanoseconds from 1970 to 2106; a binary search outside these years.
// Source:  the installed IANA time zone database, RFC 8536.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;
//   const masterclock::Zone dublin = zones.find("Europe/Dublin").value();
//   // 01:30 on 29 March 2026 does not exist: 02:00 follows 00:59:59.
//   const masterclock::LocalTime local = local_days(2026y / March / 29) + 1h + 30min;
//   assert(dublin.resolve(local).kind == masterclock::LocalResolution::kGap);
//   assert(!dublin.to_utc(local, masterclock::Resolve::kReject).ok());
//   assert(dublin.to_utc(local, masterclock::Resolve::kSnap).value() ==
//          sys_days(2026y / March / 29) + 1h);
#ifndef MASTERCLOCK_ZONES_ZONE_H_
#define MASTERCLOCK_ZONES_ZONE_H_

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/hash.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/internal/rfc3339_writer.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/internal/zone_table.h"

namespace masterclock::inline v0_2 {

namespace internal {
struct ZoneAccess;
}  // namespace internal

// The relation of local time to UTC on [begin, end). A caller that stores a ZoneOffset asks again
// at `end`.
struct ZoneOffset {
  std::chrono::seconds offset{};  // local = UTC + offset; positive east of Greenwich
  // True when local time is ahead of standard time. Dublin's summer is daylight time here, although
  // the tz database marks its winter.
  bool daylight = false;
  std::string_view abbreviation;  // "GMT", "EDT", "+0530"; valid for the life of the process
  UtcTime begin, end;  // UtcTime::min() before the first change, max() after the last one
  friend bool operator==(const ZoneOffset&, const ZoneOffset&) = default;
};

// The instants that a local time can mean.
//
//   kUnique  one instant: earlier == later
//   kGap     no instant: the clocks went forward over the local time. `earlier` applies the offset after
//            the gap, `later` the offset before the gap. `transition` is the instant of the change.
//   kFold    two instants: the clocks went back over the local time. `earlier` is the first pass,
//            `later` the second pass. `transition` is the instant at which the second pass may begin.
struct LocalResolution {
  enum class Kind { kUnique, kGap, kFold };
  using enum Kind;
  Kind kind = kUnique;
  UtcTime earlier, later;
  UtcTime transition;  // equal to `earlier` for kUnique
  friend bool operator==(const LocalResolution&, const LocalResolution&) = default;
};

class Zone {
 public:
  // Makes UTC, without a database.
  Zone() noexcept : table_(&internal::utc_table()) {}

  // Returns the name of the lookup: a link keeps its name ("US/Eastern").
  [[nodiscard]] std::string_view name() const noexcept { return table_->name(); }

  // Returns the offset at `utc`, and the interval on which it holds.
  [[nodiscard]] [[gnu::always_inline]] ZoneOffset offset_at(UtcTime utc) const noexcept {
    const internal::ZoneTable::Place place = table_->place_of(count(utc));
    const internal::ZoneSpan& span = table_->span(place.span);
    return {std::chrono::seconds(place.offset), span.daylight, table_->abbreviation(span),
            instant(span.begin), instant(table_->span(place.span + 1).begin)};
  }

  // Returns the offset alone. An instant outside 1677 to 2262 has the offset of the nearer end.
  template <class Duration>
  [[nodiscard]] std::chrono::seconds utc_offset(
      std::chrono::sys_time<Duration> utc) const noexcept {
    return std::chrono::seconds(table_->place_of(count(utc)).offset);
  }

  // Returns the same for the present reading of a clock, at less cost: it remembers the last result.
  template <class Duration>
  [[nodiscard]] std::chrono::seconds utc_offset_now(
      std::chrono::sys_time<Duration> now) const noexcept {
    return std::chrono::seconds(table_->offset_now(count(now)));
  }

  // Returns the local time at `utc`. Within a day of 1677 or 2262 it stops at the end of the range.
  [[nodiscard]] [[gnu::always_inline]] LocalTime to_local(UtcTime utc) const noexcept {
    return LocalTime(std::chrono::nanoseconds(table_->to_local(count(utc))));
  }

  // Returns all instants that `local` can mean.
  [[nodiscard]] [[gnu::always_inline]] LocalResolution resolve(LocalTime local) const noexcept {
    const internal::LocalCandidates found = table_->resolve(local.time_since_epoch().count());
    return {static_cast<LocalResolution::Kind>(found.kind), instant(found.earlier),
            instant(found.later), instant(found.transition)};
  }

  // Returns the instant that `local` means under `policy`.
  //
  // Errors: FailedPrecondition under kReject in a gap or a fold, with both candidates.
  //         OutOfRange for an instant outside 1677 to 2262.
  [[nodiscard]] absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve policy) const {
    const LocalResolution found = resolve(local);
    if (found.kind == LocalResolution::kUnique) {
      if (to_local(found.earlier) == local) return found.earlier;
      return absl::OutOfRangeError(the_local_time(local) + " in " + table_->name() +
                                   " is outside 1677-09-21 to 2262-04-11 UTC");
    }
    const bool gap = found.kind == LocalResolution::kGap;
    switch (policy) {
      case Resolve::kEarlier: return found.earlier;
      case Resolve::kLater: return found.later;
      case Resolve::kCompatible: return gap ? found.later : found.earlier;
      case Resolve::kSnap: return gap ? found.transition : found.earlier;
      case Resolve::kReject: break;
    }
    return absl::FailedPreconditionError(
        the_local_time(local) + (gap ? " does not exist in " : " occurs twice in ") +
        table_->name() + ": " + internal::utc_text(found.earlier, 9) + " or " +
        internal::utc_text(found.later, 9));
  }

  // Returns the first instant after `utc` at which offset, daylight or abbreviation change. Returns
  // no instant when the rules make no change before 2262.
  [[nodiscard]] std::optional<UtcTime> next_transition(UtcTime utc) const noexcept {
    const UtcTime end = offset_at(utc).end;
    return end == UtcTime::max() ? std::nullopt : std::optional(end);
  }

  // Zones are equal when name and rules are the same. They are ordered by name.
  friend bool operator==(Zone, Zone) noexcept = default;
  friend std::strong_ordering operator<=>(Zone a, Zone b) noexcept {
    const std::strong_ordering by_name = a.name() <=> b.name();
    return by_name != 0 ? by_name : std::compare_three_way()(a.table_, b.table_);
  }
  template <class H>
  friend H AbslHashValue(H state, Zone zone) {
    return H::combine(std::move(state), zone.table_);
  }

 private:
  friend internal::ZoneAccess;

  explicit Zone(const internal::ZoneTable* table) noexcept : table_(table) {}

  template <class Duration>
  static std::int64_t count(std::chrono::sys_time<Duration> utc) noexcept {
    return internal::saturating_floor<std::chrono::nanoseconds>(utc.time_since_epoch()).count();
  }
  static UtcTime instant(std::int64_t ns) noexcept { return UtcTime(std::chrono::nanoseconds(ns)); }
  static std::string the_local_time(LocalTime local) {
    std::string text = internal::utc_text(UtcTime(local.time_since_epoch()), 9);
    text.pop_back();  // 'Z'
    return "The local time " + text;
  }

  const internal::ZoneTable* table_;
};

static_assert(sizeof(Zone) == sizeof(void*) && std::is_trivially_copyable_v<Zone>);
static_assert(WallClock<Zone>);

// The state of a zone at one instant, for a status page.
struct TimezoneInfo {
  std::string name;
  std::chrono::seconds offset{};  // local = UTC + offset
  std::string abbreviation;
  bool daylight = false;               // see ZoneOffset
  std::optional<UtcTime> next_change;  // none when the rules make no change before 2262
  friend bool operator==(const TimezoneInfo&, const TimezoneInfo&) = default;
};

[[nodiscard]] inline TimezoneInfo timezone_info(Zone zone, UtcTime at) {
  const ZoneOffset now = zone.offset_at(at);
  return {std::string(zone.name()), now.offset, std::string(now.abbreviation), now.daylight,
          zone.next_transition(at)};
}

namespace internal {

// Lets the cache and the database see behind a Zone.
struct ZoneAccess {
  static Zone zone_of(const ZoneTable& table) noexcept { return Zone(&table); }
  static const ZoneTable& table_of(Zone zone) noexcept { return *zone.table_; }
};

// Returns "+01:00", or "-00:25:21" for an offset with seconds.
inline std::string offset_text(std::chrono::seconds offset) {
  char text[] = "+hh:mm:ss";
  const auto size =
      static_cast<std::uint32_t>(offset.count() < 0 ? -offset.count() : offset.count());
  write_offset(text, std::chrono::duration_cast<std::chrono::minutes>(offset));
  text[0] = offset.count() < 0 ? '-' : '+';
  write_pair(text + 7, size % 60);
  return std::string(text, size % 60 == 0 ? 6 : 9);
}

}  // namespace internal

[[nodiscard]] inline std::string to_string(Zone zone) { return std::string(zone.name()); }

// Returns "+01:00 IST daylight from 2026-03-29T01:00:00Z to 2026-10-25T01:00:00Z".
[[nodiscard]] inline std::string to_string(const ZoneOffset& offset) {
  return internal::offset_text(offset.offset) + " " + std::string(offset.abbreviation) +
         (offset.daylight ? " daylight" : "") + " from " + internal::utc_text(offset.begin, 0) +
         " to " + internal::utc_text(offset.end, 0);
}

[[nodiscard]] inline std::string to_string(LocalResolution::Kind kind) {
  return internal::name_of(kind, {"unique", "gap", "fold"});
}

// Returns "gap: 2026-03-29T00:30:00.000000000Z or 2026-03-29T01:30:00.000000000Z".
[[nodiscard]] inline std::string to_string(const LocalResolution& found) {
  const bool unique = found.kind == LocalResolution::kUnique;
  return to_string(found.kind) + ": " + internal::utc_text(found.earlier, 9) +
         (unique ? "" : " or " + internal::utc_text(found.later, 9));
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_ZONE_H_
