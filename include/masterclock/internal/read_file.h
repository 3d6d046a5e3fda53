// Reads a small file.
//
// <fstream> would lengthen the compilation of each program that includes a Zone.
#ifndef MASTERCLOCK_INTERNAL_READ_FILE_H_
#define MASTERCLOCK_INTERNAL_READ_FILE_H_

#include "masterclock/version.h"

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>

namespace masterclock::inline v0_2::internal {

// Returns the bytes of a file, at most `most` and a few; nothing if the file cannot be opened.
[[nodiscard]] inline std::optional<std::string> read_file(const std::string& path,
                                                          std::size_t most = 1 << 20) {
  const struct File {
    std::FILE* stream;
    ~File() {
      if (stream != nullptr) (void)std::fclose(stream);
    }
  } file{std::fopen(path.c_str(), "rb")};
  if (file.stream == nullptr) return std::nullopt;
  std::string text;
  char part[4096];
  for (std::size_t size = sizeof part; size == sizeof part && text.size() < most;) {
    size = std::fread(part, 1, sizeof part, file.stream);
    text.append(part, size);
  }
  return text;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_READ_FILE_H_
