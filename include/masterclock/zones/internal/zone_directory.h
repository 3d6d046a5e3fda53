// Finds a tz database on disk, and lists its names and its version.
//
// POSIX calls list the directory: <filesystem> would lengthen the compilation of each program.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_DIRECTORY_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_DIRECTORY_H_

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/internal/read_file.h"

namespace masterclock::inline v0_2::internal {

inline bool is_folder(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}
inline bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// Tries the usual places in the order of CPython and date.
inline std::string find_zone_directory() {
  for (const char* const path :
       {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"}) {
    if (is_folder(std::string(path) + "/.")) return path;
  }
  return "/usr/share/zoneinfo";
}

// Returns true for the name of a zone file of the directory. The name is foreign text: it has no dot, so
// it leads to no other directory.
//
// Files with a dot in the name are tables and indexes. The folders posix and right are copies with
// other leap seconds. The contents of the file are not checked.
inline bool is_zone_name(const std::string& directory, std::string_view name) {
  constexpr std::string_view kForbidden(".\0", 2);
  return !name.empty() && name.front() != '/' && name.back() != '/' &&
         name.find("//") == std::string_view::npos &&
         name.find_first_of(kForbidden) == std::string_view::npos && !name.starts_with("posix/") &&
         !name.starts_with("right/") && name != "posixrules" && name != "leapseconds" &&
         is_file((directory + "/").append(name));
}

// Adds the names under `folder`, which is empty or ends with a slash. Follows no link to a folder.
inline void add_zone_names(const std::string& directory, const std::string& folder,
                           std::vector<std::string>& names) {
  const struct Stream {
    DIR* directory;
    ~Stream() {
      if (directory != nullptr) ::closedir(directory);
    }
  } stream{::opendir((directory + "/" + folder).c_str())};
  if (stream.directory == nullptr) return;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads this stream
  while (const dirent* const entry = ::readdir(stream.directory)) {
    const std::string name = folder + entry->d_name;
    if (is_zone_name(directory, name)) {
      names.push_back(name);
    } else if (name.find('.') == std::string::npos && name != "posix" && name != "right" &&
               is_folder((directory + "/").append(name))) {
      add_zone_names(directory, name + "/", names);
    }
  }
}

// Returns every name, sorted, and always "UTC".
inline std::vector<std::string> list_zone_names(const std::string& directory) {
  std::vector<std::string> names = {"UTC"};
  add_zone_names(directory, "", names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Returns "2026f", or "unknown". The version is the first line of the database's text form, and on
// some systems a separate file.
inline std::string read_zone_version(const std::string& directory) {
  const auto first_line = [&](const char* file) {
    const std::string text = read_file(directory + file, 1).value_or("");
    return text.substr(0, text.find('\n'));
  };
  const std::string line = first_line("/tzdata.zi");
  constexpr const char kMark[] = "# version ";
  if (line.starts_with(kMark)) return line.substr(sizeof kMark - 1);
  const std::string version = first_line("/+VERSION");
  return version.empty() ? "unknown" : version;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_DIRECTORY_H_
