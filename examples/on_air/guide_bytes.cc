#include "guide_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/data_error.h"
#include "common/descriptor.h"

namespace on_air {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kBlock = std::size_t{1} << 18;

absl::Status cannot_read(std::string_view name, int error) {
  const std::string message = common::printable(name) + ": cannot be read: " + std::strerror(error);
  return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

absl::Status too_large(std::string_view name, std::size_t largest) {
  return common::data_error(name, "larger than " + std::to_string(largest >> 20) +
                                      " MiB, the most that a guide may have");
}

// Makes room for one more block, without the doubling that would pass `largest` by far.
void make_room(std::string& bytes, std::size_t largest) {
  if (bytes.capacity() - bytes.size() >= kBlock) return;
  bytes.reserve(std::min(largest, bytes.size() + bytes.size() / 2) + kBlock);
}

absl::StatusOr<std::string> read_whole(int fd, std::string_view name, std::size_t largest) {
  struct stat file {};
  if (::fstat(fd, &file) != 0) return cannot_read(name, errno);
  std::string bytes;
  if (S_ISREG(file.st_mode)) {
    if (static_cast<std::size_t>(file.st_size) > largest) return too_large(name, largest);
    bytes.reserve(static_cast<std::size_t>(file.st_size) + kBlock);
  }
  for (;;) {
    make_room(bytes, largest);
    const std::size_t before = bytes.size();
    bytes.resize(before + kBlock);
    const ssize_t got = ::read(fd, bytes.data() + before, kBlock);
    const int error = errno;
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error != EINTR) return cannot_read(name, error);
    if (got == 0) return bytes;
    if (bytes.size() > largest) return too_large(name, largest);
  }
}

// Returns the program that packed the bytes, or an empty name.
std::string_view packer_of(std::string_view bytes) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPackers = {{
      {"\x1f\x8b"sv, "gzip"},
      {"\xfd"
       "7zXZ\0"sv,
       "xz"},
      {"BZh"sv, "bzip2"},
      {"\x28\xb5\x2f\xfd"sv, "zstd"},
      {"PK\x03\x04"sv, "zip"},
      {"7z\xbc\xaf\x27\x1c"sv, "7z"},
  }};
  for (const auto& [magic, packer] : kPackers) {
    if (bytes.starts_with(magic)) return packer;
  }
  return {};
}

// Unpacks gzip: one member or several, zeros after them.
absl::StatusOr<std::string> unpack_gzip(std::string_view packed, std::string_view name,
                                        std::size_t largest) {
  constexpr int kGzip = 15 + 16;  // the largest window, in a gzip wrapper
  z_stream stream{};
  if (::inflateInit2(&stream, kGzip) != Z_OK) {
    return absl::ResourceExhaustedError(common::printable(name) + ": no memory to unpack it");
  }
  struct End {
    z_stream& stream;
    ~End() { ::inflateEnd(&stream); }
  } const end{stream};
  std::string bytes;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());  // at most kLargestGuide
  for (;;) {
    make_room(bytes, largest);
    const std::size_t before = bytes.size();
    bytes.resize(before + kBlock);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + before);
    stream.avail_out = kBlock;
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    bytes.resize(before + kBlock - stream.avail_out);
    if (bytes.size() > largest) return too_large(name, largest);
    if (result == Z_STREAM_END) {
      const std::string_view rest = packed.substr(packed.size() - stream.avail_in);
      if (packer_of(rest) != "gzip") {
        if (rest.find_first_not_of('\0') == std::string_view::npos) return bytes;
        return common::data_error(name, "damaged gzip: something follows its end");
      }
      ::inflateReset(&stream);
    } else if (result == Z_BUF_ERROR ||
               (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
      return common::data_error(name, "truncated gzip: it ends too early");
    } else if (result != Z_OK) {
      return common::data_error(
          name, std::string("damaged gzip: ") + (stream.msg == nullptr ? "no data" : stream.msg));
    }
  }
}

}  // namespace

std::string guide_name(std::string_view path) {
  if (path.empty()) return "''";
  return path == kStandardInput ? "standard input" : std::string(path);
}

absl::StatusOr<std::string> read_guide_bytes(const std::string& path, std::size_t largest,
                                             Pipes pipes) {
  const std::string name = guide_name(path);
  if (path.find('\0') != std::string::npos) {
    return absl::NotFoundError(common::printable(name) + ": a zero character in the name");
  }
  const bool standard_input = path == kStandardInput;
  const int without_waiting = pipes == Pipes::kRefused ? O_NONBLOCK : 0;
  const common::Descriptor file(
      standard_input ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | without_waiting));
  if (!standard_input && file.get() < 0) return cannot_read(name, errno);
  struct stat info {};
  if (pipes == Pipes::kRefused && ::fstat(file.get(), &info) == 0 && S_ISFIFO(info.st_mode)) {
    return common::data_error(name, "has become a pipe; a guide that changes must be a file");
  }
  absl::StatusOr<std::string> bytes =
      read_whole(standard_input ? STDIN_FILENO : file.get(), name, largest);
  if (!bytes.ok()) return bytes;
  if (packer_of(*bytes) == "gzip") bytes = unpack_gzip(*bytes, name, largest);
  if (!bytes.ok()) return bytes;
  if (const std::string_view packer = packer_of(*bytes); !packer.empty()) {
    return common::data_error(name, "compressed with " + std::string(packer) + "; unpack it first");
  }
  return bytes;
}

}  // namespace on_air
