// Finds a tz database on disk, and lists its names and its version. I/O errors do not throw.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_DIRECTORY_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_DIRECTORY_H_

#include "masterclock/version.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace masterclock::inline v0_2::internal {

// Tries the usual places in the order of CPython and date.
inline std::filesystem::path find_zone_directory() {
  for (const char* const path :
       {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"}) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) return path;
  }
  return "/usr/share/zoneinfo";
}

// Returns every name, sorted, and always "UTC". Files with a dot in the name are tables and
// indexes. The folders posix and right are copies with other leap seconds. The contents of the
// files are not checked.
inline std::vector<std::string> list_zone_names(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> names = {"UTC"};
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().lexically_relative(directory).generic_string();
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      if (name == "posix" || name == "right") it.disable_recursion_pending();
    } else if (name.find('.') == std::string::npos && name != "posixrules" &&
               name != "leapseconds" && it->is_regular_file(ignored)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Returns "2026f", or "unknown". The version is the first line of the database's text form, and on
// some systems a separate file.
inline std::string read_zone_version(const std::filesystem::path& directory) {
  std::string line;
  if (std::ifstream zi(directory / "tzdata.zi"); std::getline(zi, line)) {
    constexpr const char kMark[] = "# version ";
    if (line.starts_with(kMark)) return line.substr(sizeof kMark - 1);
  }
  if (std::ifstream version(directory / "+VERSION"); std::getline(version, line)) return line;
  return "unknown";
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_DIRECTORY_H_
