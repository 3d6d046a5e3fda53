#include "xml_text.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

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

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool is_utf8(std::string_view encoding) {
  const std::string name = lower(encoding);
  return name == "utf-8" || name == "utf8" || name == "us-ascii" || name == "ascii";
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

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::size_t unit_size(std::string_view encoding) {
  return encoding.starts_with("UTF-16") ? 2 : encoding.starts_with("UTF-32") ? 4 : 1;
}

// Returns the bytes of the UTF-8 character that begins the text, or 0 where none does.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
  const bool too_high = lead == 0xf4 && byte(1) >= 0x90;
  const bool no_character = lead == 0xef && byte(1) == 0xbf && byte(2) >= 0xbe;  // U+FFFE, U+FFFF
  return overlong || surrogate || too_high || no_character ? 0 : size;
}

// Returns the first offset at or after `from` of a byte that begins no character of XML.
std::size_t find_invalid(std::string_view text, std::size_t from) {
  std::size_t at = from;
  while (at < text.size()) {
    // Eight plain characters at once: no byte below a blank, none above ASCII.
    std::uint64_t word = 0;
    if (at + sizeof word <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof word);
      constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x80 * kOnes;
      if ((((word - 0x20 * kOnes) | word) & kHigh) == 0) {
        at += sizeof word;
        continue;
      }
    }
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') return at;
    const std::size_t size = character_size(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return at;
}

// Puts U+FFFD in place of each byte that begins no character.
void replace_invalid(XmlText& text) {
  std::size_t invalid = find_invalid(text.utf8, 0);
  if (invalid == text.utf8.size()) return;
  if (text.replaced == 0 || invalid < text.first_replaced) text.first_replaced = invalid;
  std::string fixed;
  std::size_t from = 0;
  while (invalid < text.utf8.size()) {
    fixed.append(text.utf8, from, invalid - from).append(kReplacement);
    ++text.replaced;
    from = invalid + 1;
    invalid = find_invalid(text.utf8, from);
  }
  text.utf8 = std::move(fixed.append(text.utf8, from));
}

class Converter {
 public:
  explicit Converter(const std::string& from)
      : iconv_(iconv_open("UTF-8", from.c_str())), unit_(unit_size(from)) {}
  ~Converter() {
    if (known()) iconv_close(iconv_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  [[nodiscard]] bool known() const noexcept { return iconv_ != reinterpret_cast<iconv_t>(-1); }

  void convert(std::string_view bytes, XmlText& text) {
    char* in = const_cast<char*>(bytes.data());  // iconv(3) does not write to it
    std::size_t in_left = bytes.size();
    std::array<char, 65536> block;
    while (in_left > 0) {
      char* end = block.data();
      std::size_t room = block.size();
      const std::size_t result = iconv(iconv_, &in, &in_left, &end, &room);
      const int error = errno;
      text.utf8.append(block.data(), end);
      if (result != static_cast<std::size_t>(-1) || error == E2BIG) continue;
      if (text.replaced++ == 0) text.first_replaced = text.utf8.size();
      text.utf8 += kReplacement;
      const std::size_t skipped = std::min(unit_, in_left);
      in += skipped;
      in_left -= skipped;
    }
  }

 private:
  iconv_t iconv_;
  std::size_t unit_;
};

}  // namespace

std::string xml_encoding(std::string_view bytes) {
  if (const Pattern* pattern = pattern_of(bytes); pattern != nullptr) return pattern->encoding;
  const std::string_view declared = declared_encoding(bytes);
  // A declaration in single bytes that names a wide encoding is wrong; some writers leave it behind.
  const std::string name = lower(declared);
  const bool wide = name.starts_with("utf-16") || name.starts_with("utf-32") ||
                    name.starts_with("ucs-2") || name.starts_with("ucs-4");
  return declared.empty() || wide ? "UTF-8" : std::string(declared);
}

absl::StatusOr<XmlText> xml_as_utf8(std::string bytes, std::string_view file) {
  XmlText text;
  text.encoding = xml_encoding(bytes);
  if (!is_encoding_name(text.encoding)) {
    return data_error(file, 1, "no such encoding: " + in_quotes(text.encoding));
  }
  const Pattern* const pattern = pattern_of(bytes);
  const std::size_t mark = pattern != nullptr && pattern->mark ? pattern->bytes.size() : 0;
  if (is_utf8(text.encoding)) {
    text.utf8 = std::move(bytes);
    text.utf8.erase(0, mark);
  } else {
    Converter converter(text.encoding);
    if (!converter.known()) {
      return data_error(file, 1, "no such encoding: " + in_quotes(text.encoding));
    }
    text.utf8.reserve(bytes.size() + bytes.size() / 16);
    converter.convert(std::string_view(bytes).substr(mark), text);
  }
  replace_invalid(text);
  constexpr std::size_t kAlways = 20;  // the fewest that are never too many
  if (text.replaced > kAlways + text.utf8.size() / 32) {
    return data_error(file, line_at(text.utf8, text.first_replaced),
                      "bytes that are not valid " + text.encoding);
  }
  return text;
}

}  // namespace on_air
