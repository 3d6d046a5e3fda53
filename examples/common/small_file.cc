#include "common/small_file.h"

#include <cstddef>
#include <fstream>
#include <ios>

#include "absl/status/status.h"
#include "common/printable.h"

namespace common {
namespace {

constexpr std::size_t kLargest = std::size_t{1024} * 1024;

}  // namespace

absl::StatusOr<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargest + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() || file.bad()) {
    return absl::NotFoundError(printable(path) + ": cannot be read, or is above 1 MB");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace common
