#include "xml_text.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "common/data_error.h"
#include "common/printable.h"

namespace on_air {
namespace {

using common::data_error;
using common::in_quotes;
using common::line_at;

using namespace std::string_view_literals;

struct Pattern {
  std::string_view bytes;
  const char* encoding;
  bool mark;  // a byte order mark, no part of the text
};

// Longer patterns first: the UTF-32 marks begin with the UTF-16 ones.
constexpr std::array<Pattern, 9> kPatterns = {{
    {"\xff\xfe\x00\x00"sv, "UTF-32LE", true},
    {"\x00\x00\xfe\xff"sv, "UTF-32BE", true},
    {"<\x00\x00\x00"sv, "UTF-32LE", false},
    {"\x00\x00\x00<"sv, "UTF-32BE", false},
    {"\xef\xbb\xbf"sv, "UTF-8", true},
    {"\xff\xfe"sv, "UTF-16LE", true},
    {"\xfe\xff"sv, "UTF-16BE", true},
    {"<\x00"sv, "UTF-16LE", false},
    {"\x00<"sv, "UTF-16BE", false},
}};

const Pattern* pattern_of(std::string_view bytes) {
  const auto found = std::find_if(kPatterns.begin(), kPatterns.end(),
                                  [&](const Pattern& p) { return bytes.starts_with(p.bytes); });
  return found == kPatterns.end() ? nullptr : &*found;
}

// The value of encoding= in <?xml ... ?>, or nothing.
std::string_view declared_encoding(std::string_view bytes) {
  if (!bytes.starts_with("<?xml")) return {};
  const std::string_view declaration = bytes.substr(0, bytes.find("?>"));
  const std::size_t name = declaration.find("encoding");
  if (name == std::string_view::npos) return {};
  const std::size_t open = declaration.find_first_of("\"'", name);
  if (open == std::string_view::npos) return {};
  const std::size_t close = declaration.find(declaration[open], open + 1);
  if (close == std::string_view::npos) return {};
  return declaration.substr(open + 1, close - open - 1);
}

// EncName of the XML grammar; iconv would take more, suffixes such as //TRANSLIT among them.
bool is_encoding_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const auto other = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 40 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || other(c); });
}

class Converter {
 public:
  explicit Converter(const std::string& from) : iconv_(iconv_open("UTF-8", from.c_str())) {}
  ~Converter() {
    if (known()) iconv_close(iconv_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  [[nodiscard]] bool known() const noexcept { return iconv_ != reinterpret_cast<iconv_t>(-1); }

  // Appends the text to `out`: all of it, or what comes before the first invalid bytes.
  bool convert(std::string_view bytes, std::string& out) {
    char* in = const_cast<char*>(bytes.data());  // iconv(3) does not write to it
    std::size_t in_left = bytes.size();
    std::array<char, 65536> block;
    while (in_left > 0) {
      char* end = block.data();
      std::size_t room = block.size();
      const std::size_t result = iconv(iconv_, &in, &in_left, &end, &room);
      const int error = errno;
      out.append(block.data(), end);
      if (result == static_cast<std::size_t>(-1) && error != E2BIG) return false;
    }
    return true;
  }

 private:
  iconv_t iconv_;
};

}  // namespace

std::string xml_encoding(std::string_view bytes) {
  if (const Pattern* pattern = pattern_of(bytes); pattern != nullptr) return pattern->encoding;
  const std::string_view declared = declared_encoding(bytes);
  return declared.empty() ? "UTF-8" : std::string(declared);
}

absl::StatusOr<std::string> xml_as_utf8(std::string_view bytes, std::string_view file) {
  const std::string encoding = xml_encoding(bytes);
  if (!is_encoding_name(encoding)) {
    return data_error(file, 1, "no such encoding: " + in_quotes(encoding));
  }
  Converter converter(encoding);
  if (!converter.known()) return data_error(file, 1, "no such encoding: " + in_quotes(encoding));
  if (const Pattern* pattern = pattern_of(bytes); pattern != nullptr && pattern->mark) {
    bytes.remove_prefix(pattern->bytes.size());
  }
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 16);
  if (!converter.convert(bytes, text)) {
    return data_error(file, line_at(text, text.size()), "bytes that are not valid " + encoding);
  }
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) {
    return data_error(file, line_at(text, zero), "a zero character, which XML does not have");
  }
  return text;
}

}  // namespace on_air
