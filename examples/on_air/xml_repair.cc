#include "xml_repair.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>

#include "common/printable.h"
#include "guide_reading.h"

namespace on_air {
namespace {

constexpr std::size_t kMostFaults = 100;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kNoCharacter = "\xef\xbf\xbd";

bool starts_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Returns the name at the beginning of the text, or an empty text.
std::string_view name_of(std::string_view text) {
  if (text.empty() || !starts_name(text.front())) return {};
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

// Returns "name" or "#233" of a reference at the beginning of the text, or an empty text.
std::string_view reference_of(std::string_view text) {
  text.remove_prefix(1);
  std::string_view name = name_of(text);
  if (text.starts_with('#')) {
    const std::size_t end = text.find_first_not_of("0123456789abcdefABCDEFx", 1);
    if (end != std::string_view::npos && end > 1) name = text.substr(0, end);
  }
  return text.substr(name.size()).starts_with(';') ? name : std::string_view();
}

// Reads "#233" or "#xE9". Source: XML 1.0, production Char.
bool is_character(std::string_view reference) {
  std::uint32_t code = 0;
  std::string_view digits = reference.substr(1);
  const bool hex = digits.starts_with('x');
  if (hex) digits.remove_prefix(1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

bool is_predefined(std::string_view name) {
  constexpr std::array<std::string_view, 5> kPredefined = {"amp", "lt", "gt", "quot", "apos"};
  return std::find(kPredefined.begin(), kPredefined.end(), name) != kPredefined.end();
}

class Repairer {
 public:
  Repairer(std::string_view text, std::size_t longest)
      : text_(text), longest_(longest), lines_(text) {}

  XmlRepair run() {
    while (find<'<', '&', ']'>()) {
      const std::size_t begin = at_;
      if (text_[at_] == '<') {
        markup();
        if (at_ - begin > longest_ && !repair_.too_long_at) repair_.too_long_at = begin;
      } else if (text_[at_] == '&') {
        reference();
      } else if (rest().starts_with("]]>")) {
        replace(3, "]]&gt;", "']]>' in text");
      } else {
        ++at_;
      }
    }
    if (repair_.text) repair_.text->append(text_.substr(copied_));
    return std::move(repair_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  // Goes to the next of the characters. Returns false at the end of the document.
  template <char... kCharacters>
  bool find() {
    // Not find_first_of, which calls memchr for each character of the document.
    const auto found = std::find_if(text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end(),
                                    [](char c) { return ((c == kCharacters) || ...); });
    at_ = static_cast<std::size_t>(found - text_.begin());
    return at_ < text_.size();
  }
  void skip_past(std::string_view end, std::size_t from) {
    const std::size_t found = text_.find(end, std::min(at_ + from, text_.size()));
    at_ = found == std::string_view::npos ? text_.size() : found + end.size();
  }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }

  void replace(std::size_t size, std::string_view with, const std::string& what) {
    if (repair_.faults.size() < kMostFaults) {
      repair_.faults.push_back({lines_.line_of(at_), "not well-formed XML: " + what});
    }
    if (!repair_.text) repair_.text.emplace();
    repair_.text->append(text_.substr(copied_, at_ - copied_)).append(with);
    copied_ = at_ += size;
  }

  void markup() {
    if (rest().starts_with("<!--")) return skip_past("-->", 4);
    if (rest().starts_with("<![CDATA[")) return skip_past("]]>", 9);
    if (rest().starts_with("<?")) return skip_past("?>", 2);
    if (rest().starts_with("<!DOCTYPE")) return doctype();
    const char second = rest().size() > 1 ? text_[at_ + 1] : '/';
    if (starts_name(second) || second == '/' || second == '!') return tag();
    replace(1, "&lt;", "'<' begins no tag");
  }

  void tag() {
    ++at_;
    while (find<'>', '"', '\''>()) {
      const char quote = text_[at_++];
      if (quote == '>') return;
      while ((quote == '"' ? find<'"', '<', '&'>() : find<'\'', '<', '&'>()) &&
             text_[at_] != quote) {
        if (text_[at_] == '&') {
          reference();
        } else {
          replace(1, "&lt;", "'<' in an attribute");
        }
      }
      if (at_ < text_.size()) ++at_;
    }
  }

  void reference() {
    const std::string_view name = reference_of(rest());
    const std::string whole = "&" + common::printable(name.substr(0, 80)) + ";";
    if (name.empty()) {
      replace(1, "&amp;", "'&' begins no reference");
    } else if (name.front() == '#' && !is_character(name)) {
      replace(name.size() + 2, kNoCharacter, "no such character: " + whole);
    } else if (name.front() == '#' || is_predefined(name) || internal_.contains(name)) {
      at_ += name.size() + 2;
    } else if (external_.contains(name)) {
      replace(1, "&amp;", "an entity outside the document: " + whole);
    } else {
      replace(1, "&amp;", "no such entity: " + whole);
    }
  }

  // Notes the entities that the document declares. A parser reads no declaration after a reference to a
  // parameter entity (%name;).
  void doctype() {
    bool subset = false, unread = false;
    ++at_;
    while (find<'"', '\'', '<', '>', '[', ']', '%'>()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_past(std::string_view(&c, 1), 1);
      } else if (rest().starts_with("<!--")) {
        skip_past("-->", 4);
      } else if (rest().starts_with("<?")) {
        skip_past("?>", 2);
      } else if (rest().starts_with("<!ENTITY") && !unread) {
        entity();
      } else {
        ++at_;
        if (c == '>' && !subset) return;
        if (c == '[' || c == ']') subset = c == '[';
        if (c == '%' && !name_of(rest()).empty()) unread = true;
      }
    }
  }

  void entity() {
    at_ += std::string_view("<!ENTITY").size();
    skip_blanks();
    const std::string_view name = name_of(rest());
    at_ += name.size();
    skip_blanks();
    if (name.empty() || at_ == text_.size() || internal_.contains(name)) return;
    if (external_.contains(name)) return;
    (text_[at_] == '"' || text_[at_] == '\'' ? internal_ : external_).insert(name);
  }

  const std::string_view text_;
  const std::size_t longest_;
  LineCounter lines_;
  XmlRepair repair_;
  std::size_t at_ = 0, copied_ = 0;
  std::set<std::string_view> internal_, external_;  // entities
};

}  // namespace

bool refers_to_characters_only(std::string_view utf8, std::size_t from, std::size_t until) {
  const std::string_view searched = utf8.substr(0, until);
  for (std::size_t at = from; (at = searched.find('&', at)) != std::string_view::npos; ++at) {
    const std::string_view name = reference_of(utf8.substr(at));
    if (name.empty() || (name.front() != '#' && !is_predefined(name))) return false;
  }
  return true;
}

XmlRepair repair_xml(std::string_view utf8, std::size_t longest) {
  return Repairer(utf8, longest).run();
}

}  // namespace on_air
