#include "common/find_zone.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/nearest_name.h"
#include "common/printable.h"

namespace common {
namespace {

// Returns the name that was meant, or an empty text.
std::string nearest_zone(std::string name, const std::vector<std::string>& known) {
  std::replace(name.begin(), name.end(), ' ', '_');
  std::string nearest;
  std::size_t limit = too_far(name);
  const auto consider = [&](const std::string& zone, std::string_view part) {
    const std::size_t distance = edit_distance(name, part, limit);
    if (distance >= limit) return;
    nearest = zone;
    limit = distance;
  };
  for (const std::string& zone : known) consider(zone, zone);
  // Dublin is Europe/Dublin where no whole name is as near.
  for (const std::string& zone : known) {
    const std::size_t slash = zone.rfind('/');
    if (slash != std::string::npos) consider(zone, std::string_view(zone).substr(slash + 1));
  }
  return nearest;
}

}  // namespace

absl::StatusOr<masterclock::Zone> find_zone(std::string_view name,
                                            masterclock::ZoneDatabase& database) {
  absl::StatusOr<masterclock::Zone> zone = database.find(name);
  if (zone.ok() || !absl::IsNotFound(zone.status())) return zone;
  const std::string message(zone.status().message());
  const std::vector<std::string> known = database.names();
  if (known.size() < 2) {  // UTC is always among them
    return absl::NotFoundError(message + ": there is no time zone database in " +
                               printable(database.directory()) + " (install tzdata)");
  }
  const std::string nearest = nearest_zone(std::string(name), known);
  if (nearest.empty()) return zone;
  return absl::NotFoundError(message + ": did you mean " + nearest + "?");
}

}  // namespace common
