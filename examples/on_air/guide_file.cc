#include "guide_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "common/data_error.h"
#include "common/printable.h"
#include "ffplayout.h"
#include "xml_text.h"
#include "xmltv.h"

namespace on_air {
namespace {

using common::data_error;
using common::in_quotes;
using common::line_at;
using common::printable;

absl::Status cannot_read(const std::string& path, int error) {
  const std::string message = printable(path) + ": cannot be read: " + std::strerror(error);
  return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

absl::StatusOr<std::string> bytes_of(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
  if (file == nullptr) return cannot_read(path, errno);
  std::string bytes;
  std::array<char, 65536> block;
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), file.get())) {
    bytes.append(block.data(), got);
  }
  if (std::ferror(file.get()) != 0) return cannot_read(path, errno);
  return bytes;
}

}  // namespace

absl::StatusOr<Guide> load_guide(const std::string& path, const masterclock::AnyWallClock& wall,
                                 std::chrono::seconds day_start) {
  const absl::StatusOr<std::string> bytes = bytes_of(path);
  if (!bytes.ok()) return bytes.status();
  // Only XML comes in encodings other than UTF-8.
  std::string_view text = *bytes;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return data_error(path, 1, "the file is empty");
  if (text[first] == '{' || text[first] == '[') {
    return parse_ffplayout(text, path, wall, day_start);
  }
  const std::string encoding = xml_encoding(*bytes);
  const bool wide = encoding.starts_with("UTF-16") || encoding.starts_with("UTF-32");
  if (text[first] == '<' || wide) return parse_xmltv(*bytes, path);
  return data_error(
      path, line_at(text, first),
      "not XML and not JSON: expected '<' or '{', found " + in_quotes(text.substr(first, 20)));
}

}  // namespace on_air
