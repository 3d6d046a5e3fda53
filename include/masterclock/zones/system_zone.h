// Finds the machine's own zone, by name: from TZ, else from /etc/localtime.
//
// Use it for a tool that shows the operator's time. A station's service reads the name of its zone
// from its configuration.
//
// A copy of a zone file does not contain the zone's name. Its path or /etc/timezone gives the name.
// The name is accepted when the copy has the same rules as the database's file of that name.
//
// Source: POSIX.1-2017 section 8.3 and the GNU C library for TZ; localtime(5) and Debian's
//         /etc/timezone.
#ifndef MASTERCLOCK_ZONES_SYSTEM_ZONE_H_
#define MASTERCLOCK_ZONES_SYSTEM_ZONE_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_compiler.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::inline v0_2 {

// The places that name the machine's zone. A test names other places.
struct SystemZoneSources {
  std::optional<std::string> tz = from_environment();
  std::filesystem::path localtime = "/etc/localtime";  // a link into the database, or a copy
  std::filesystem::path timezone = "/etc/timezone";    // a file that holds the name

  static std::optional<std::string> from_environment() {
    const char* const value = std::getenv("TZ");  // NOLINT(concurrency-mt-unsafe): a reader
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }
};

namespace internal {

// Returns true when `file` has the rules of the database's zone `name`.
inline bool agrees_with_database(const std::filesystem::path& file, const ZoneDatabase& database,
                                 std::string_view name) {
  const std::string of_database = database.directory() + "/" + std::string(name);
  std::error_code error;  // Debian's zoneinfo/localtime is a link to /etc/localtime, and no zone
  if (std::filesystem::equivalent(file, of_database, error)) return false;
  const std::optional<ZoneRules> a = TzifReader::read_file(file.string());
  const std::optional<ZoneRules> b = TzifReader::read_file(of_database);
  if (!a || !b) return false;
  const ZoneData left = ZoneCompiler::compile(*a), right = ZoneCompiler::compile(*b);
  return left.names == right.names && left.spans == right.spans;
}

// Returns the zone of a file: a zone file of the database, a link to one, or a copy.
inline std::optional<Zone> zone_of_file(ZoneCache& zones, std::filesystem::path file) {
  namespace fs = std::filesystem;
  const ZoneDatabase& database = zones.database();
  std::error_code error;
  const auto zone_in = [&](const fs::path& directory) {
    return zones.find(file.lexically_relative(directory).generic_string());
  };
  // Each link of a chain is tried before its target: the name of a link is a zone's name, too.
  for (int links = 0; links < 40; ++links) {
    if (auto zone = zone_in(database.directory()); zone.ok()) return *zone;
    const fs::path target = fs::read_symlink(file, error);
    if (error) break;
    file = (file.parent_path() / target).lexically_normal();
  }
  file = fs::weakly_canonical(file, error);
  if (auto zone = zone_in(fs::weakly_canonical(database.directory(), error)); zone.ok()) {
    return *zone;
  }
  std::string name = file.relative_path().generic_string();
  for (std::size_t slash = 0; slash != std::string::npos; slash = name.find('/')) {
    name.erase(0, slash == 0 ? 0 : slash + 1);
    const auto zone = zones.find(name);
    if (zone.ok() && agrees_with_database(file, database, name)) return *zone;
  }
  return std::nullopt;
}

}  // namespace internal

// Returns the machine's zone. TZ=:/etc/localtime is the same as no TZ.
//
// Threads: any, while no thread changes the environment.
// Cost:    reads links and files; ask once and keep the Zone.
// Errors:  NotFound when TZ holds a rule ("EST5EDT,M3.2.0,M11.1.0") or an unknown file instead of a
//          name, when nothing names the zone, or when /etc/localtime is a copy that differs from
//          the zone that /etc/timezone names.
[[nodiscard]] inline absl::StatusOr<Zone> system_zone(ZoneCache& zones,
                                                      const SystemZoneSources& sources = {}) {
  if (sources.tz) {
    std::string_view tz = *sources.tz;
    if (tz.starts_with(':')) tz.remove_prefix(1);
    if (tz.empty()) return Zone();  // POSIX: UTC
    const std::filesystem::path file = std::filesystem::path(tz).lexically_normal();
    if (file != sources.localtime.lexically_normal()) {
      if (file.is_relative()) {
        if (auto zone = zones.find(tz); zone.ok()) return zone;
      } else if (const auto zone = internal::zone_of_file(zones, file)) {
        return *zone;
      }
      return absl::NotFoundError("TZ does not name a timezone of the database: " +
                                 internal::quoted(tz));
    }
  }
  if (const auto zone = internal::zone_of_file(zones, sources.localtime)) return *zone;
  if (std::ifstream file(sources.timezone); file) {
    std::string name;
    file >> name;
    if (const auto zone = zones.find(name); zone.ok()) {
      std::error_code error;
      if (!exists(symlink_status(sources.localtime, error)) ||
          internal::agrees_with_database(sources.localtime, zones.database(), name)) {
        return zone;
      }
      return absl::NotFoundError(sources.localtime.string() + " differs from the timezone " +
                                 internal::quoted(name) + " of " + sources.timezone.string());
    }
  }
  return absl::NotFoundError("Neither TZ nor " + sources.localtime.string() + " nor " +
                             sources.timezone.string() + " names a timezone of the database");
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_SYSTEM_ZONE_H_
