// The machine's own zone, by name: what TZ says, else what /etc/localtime is.
//
// A station pins its zone by name in its configuration; this is for tools that want the operator's.
//
// Source: POSIX.1-2017 section 8.3 for TZ; localtime(5) and Debian's /etc/timezone for the rest.
#ifndef MASTERCLOCK_ZONES_SYSTEM_ZONE_H_
#define MASTERCLOCK_ZONES_SYSTEM_ZONE_H_

#include "masterclock/version.h"

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
#include "masterclock/zones/zone_cache.h"

namespace masterclock::inline v0_2 {

// Where the machine says which zone it is in. The defaults are the machine's own; a test names
// others.
struct SystemZoneSources {
  std::optional<std::string> tz = from_environment();
  std::filesystem::path localtime = "/etc/localtime";  // a link into the database
  std::filesystem::path timezone = "/etc/timezone";    // a file that holds the name

  static std::optional<std::string> from_environment() {
    const char* const value = std::getenv("TZ");  // NOLINT(concurrency-mt-unsafe): a reader
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }
};

// The machine's zone.
//
// Threads: any, as long as nobody changes the environment meanwhile.
// Cost:    reads a link, perhaps a file; ask once and keep the Zone.
// Errors:  NotFound when TZ holds a rule ("EST5EDT,M3.2.0,M11.1.0") or a path outside the database
//          instead of a name, or when nothing says which zone it is.
[[nodiscard]] inline absl::StatusOr<Zone> system_zone(ZoneCache& zones,
                                                      const SystemZoneSources& sources = {}) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path database = fs::weakly_canonical(zones.database().directory(), error);
  const auto name_of = [&](const fs::path& file) {
    const std::string name = file.lexically_relative(database).generic_string();
    return name.starts_with("..") ? std::string() : name;
  };

  if (sources.tz) {
    std::string_view tz = *sources.tz;
    if (tz.starts_with(':')) tz.remove_prefix(1);
    if (tz.empty()) return Zone();  // POSIX: UTC
    absl::StatusOr<Zone> zone = zones.find(tz.starts_with('/') ? name_of(fs::path(tz)) : tz);
    if (zone.ok()) return zone;
    return absl::NotFoundError("TZ does not name a timezone of the database: " +
                               internal::quoted(tz));
  }
  // The link's own text first: following it to the end would turn a link's name into its target's.
  if (const fs::path link = fs::read_symlink(sources.localtime, error); !error) {
    const fs::path file = (sources.localtime.parent_path() / link).lexically_normal();
    const auto zone = zones.find(name_of(file));
    if (zone.ok()) return zone;
  }
  if (std::ifstream file(sources.timezone); file) {
    std::string name;
    file >> name;
    const auto zone = zones.find(name);
    if (zone.ok()) return zone;
  }
  return absl::NotFoundError("Neither TZ nor " + sources.localtime.string() + " nor " +
                             sources.timezone.string() + " names a timezone of the database");
}

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_SYSTEM_ZONE_H_
