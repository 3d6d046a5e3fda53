#include "common/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "absl/status/status.h"
#include "common/descriptor.h"
#include "common/printable.h"

namespace common {
namespace {

constexpr std::size_t kLargest = std::size_t{1024} * 1024;

}  // namespace

absl::StatusOr<std::string> read_small_file(const std::string& path) {
  const auto fault = [&](const std::string& what) {
    return absl::NotFoundError(printable(path) + ": " + what);
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return fault(std::string("cannot be read: ") + std::strerror(errno));
  std::string text;
  char chunk[16'384];
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault(std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > kLargest) return fault("is above 1 MB");
  }
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace common
