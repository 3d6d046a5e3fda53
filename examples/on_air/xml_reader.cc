#include "xml_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "common/printable.h"

namespace on_air {
namespace {

constexpr std::size_t kMostElements = 256, kMostAttributes = 256;
constexpr std::size_t kMostEntities = 10'000, kDeepestEntity = 16;
constexpr std::size_t kExpansionAllowance = std::size_t{4} << 20;
constexpr std::size_t kMostFaults = 100;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kNoCharacter = "\xef\xbf\xbd";

enum : std::uint8_t { kNameStart = 1, kNameCharacter = 2 };

constexpr std::array<std::uint8_t, 256> kNameTable = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == ':';
    const bool start = letter || c >= 0x80;
    const bool other = (c >= '0' && c <= '9') || c == '-' || c == '.';
    table[c] = static_cast<std::uint8_t>((start ? kNameStart | kNameCharacter : 0) |
                                         (other ? kNameCharacter : 0));
  }
  return table;
}();

bool is_name(char c, std::uint8_t kind) {
  return (kNameTable[static_cast<unsigned char>(c)] & kind) != 0;
}

std::size_t name_size(std::string_view text) {
  if (text.empty() || !is_name(text.front(), kNameStart)) return 0;
  const auto end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return is_name(c, kNameCharacter); });
  return static_cast<std::size_t>(end - text.begin());
}

// Returns what stands between '&' and ';' at the beginning of the text, or an empty text.
std::string_view reference_name(std::string_view text) {
  std::size_t size = 1;
  if (text.substr(1).starts_with('#')) {
    const std::size_t end = text.find_first_not_of("0123456789abcdefABCDEFx", 2);
    size = end == std::string_view::npos ? text.size() : end;
    if (size == 2) return {};
  } else {
    size += name_size(text.substr(1));
  }
  return size > 1 && size < text.size() && text[size] == ';' ? text.substr(1, size - 1)
                                                             : std::string_view();
}

std::string_view predefined(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPredefined = {
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}}};
  for (const auto& [known, text] : kPredefined) {
    if (name == known) return text;
  }
  return {};
}

// Returns the character of "#233" or "#xE9" as UTF-8, or an empty text where XML has no such one.
std::string numeric_character(std::string_view reference) {
  std::uint32_t code = 0;
  std::string_view digits = reference.substr(1);
  const bool hex = digits.starts_with('x');
  if (hex) digits.remove_prefix(1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (control || surrogate || code == 0xfffe || code == 0xffff || code > 0x10ffff) return {};
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  const auto tail = [&](int shift) { return byte(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0 | code >> 6), tail(0)};
  if (code < 0x10000) return {byte(0xe0 | code >> 12), tail(6), tail(0)};
  return {byte(0xf0 | code >> 18), tail(12), tail(6), tail(0)};
}

std::string short_name(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  return common::printable(name.substr(0, kLongest)) + (name.size() > kLongest ? "..." : "");
}

}  // namespace

XmlReader::XmlReader(std::string_view utf8) : document_(utf8) {
  inputs_.reserve(kDeepestEntity + 1);  // views of names stay valid
  inputs_.emplace_back().text = utf8;
  in_ = &inputs_.back();
}

XmlReader::Piece XmlReader::next() {
  if (failed_) return Piece::kFailed;
  if (std::exchange(empty_element_, false)) return end_of_element();
  for (;;) {
    if (const MaybePiece piece = content()) return *piece;
  }
}

XmlReader::Piece XmlReader::fail(std::string what) {
  failed_ = true;
  offset_ = place();
  error_ = std::move(what);
  return Piece::kFailed;
}

XmlReader::Piece XmlReader::truncated() {
  if (inputs_.size() > 1) {
    return fail("not well-formed XML: entity '" + short_name(in_->entity) + "' ends inside a tag");
  }
  in_->at = document_.size();
  return fail("truncated XML: " + (seen_root_ ? "it ends before </" + short_name(root_) + ">"
                                              : std::string("there is no element in it")));
}

void XmlReader::fault(std::string what) {
  if (faults_noted_++ < kMostFaults) {
    faults_.push_back({place(), "not well-formed XML: " + std::move(what)});
  }
}

std::size_t XmlReader::place() const {
  return inputs_.size() > 1 ? inputs_[1].reference : std::min(in_->at, document_.size());
}

bool XmlReader::accept(std::string_view expected) {
  if (!rest().starts_with(expected)) return false;
  in_->at += expected.size();
  return true;
}

bool XmlReader::skip_space() {
  const std::size_t before = in_->at;
  while (!at_end() && kSpace.find(in_->text[in_->at]) != std::string_view::npos) ++in_->at;
  return in_->at > before;
}

bool XmlReader::skip_past(std::string_view end) {
  const std::size_t found = in_->text.find(end, in_->at);
  if (found == std::string_view::npos) return false;
  in_->at = found + end.size();
  return true;
}

std::string_view XmlReader::read_name() {
  const std::string_view name = rest().substr(0, name_size(rest()));
  in_->at += name.size();
  return name;
}

XmlReader::MaybePiece XmlReader::content() {
  if (at_end()) return end_of_input();
  offset_ = place();
  if (peek() == '<') return markup();
  if (peek() == '&') return reference();
  if (in_->next_tag <= in_->at)
    in_->next_tag = std::min(in_->text.find('<', in_->at), in_->text.size());
  const std::string_view text = rest().substr(0, in_->next_tag - in_->at);
  return text_piece(text.substr(0, text.find('&')));
}

XmlReader::MaybePiece XmlReader::end_of_input() {
  if (inputs_.size() > 1) {
    if (open_.size() != in_->depth) {
      return fail("not well-formed XML: </" + short_name(open_.back()) +
                  "> is missing in entity '" + short_name(in_->entity) + "'");
    }
    inputs_.pop_back();
    in_ = &inputs_.back();
    return std::nullopt;
  }
  if (!open_.empty()) return truncated();
  if (!seen_root_) {
    in_->at = 0;
    return fail("not XML: there is no element in it");
  }
  return Piece::kDone;
}

// Takes the text at the present place.
XmlReader::MaybePiece XmlReader::text_piece(std::string_view text) {
  if (open_.empty()) {
    if (text.find_first_not_of(kSpace) != std::string_view::npos) {
      fault(seen_root_ ? "text after </" + short_name(root_) + ">"
                       : std::string("text before the first element"));
    }
    in_->at += text.size();
    return std::nullopt;
  }
  if (text.find("]]>") != std::string_view::npos) fault("']]>' in text");
  in_->at += text.size();
  piece_text_ = text;
  depth_ = open_.size();
  return Piece::kText;
}

XmlReader::MaybePiece XmlReader::reference() {
  const std::string_view name = open_.empty() ? std::string_view() : reference_name(rest());
  if (name.empty()) {
    if (!open_.empty()) fault("'&' begins no reference");
    return text_piece(rest().substr(0, 1));
  }
  const std::string_view whole = rest().substr(0, name.size() + 2);
  const auto entity = entities_.find(name);
  if (name.front() == '#' || !predefined(name).empty()) {
    character_.clear();
    append_character(name, character_);
    in_->at += whole.size();
    piece_text_ = character_;
    depth_ = open_.size();
    return Piece::kText;
  }
  if (entity == entities_.end() || entity->second.external) {
    fault((entity == entities_.end() ? "no such entity: " : "an entity outside the document: ") +
          short_name(whole));
    return text_piece(whole);
  }
  if (!enter(name, inputs_.size(), entity->second.text.size())) return Piece::kFailed;
  const std::size_t reference = place();
  in_->at += whole.size();
  inputs_.push_back({.text = entity->second.text,
                     .entity = entity->first,
                     .reference = reference,
                     .depth = open_.size()});
  in_ = &inputs_.back();
  return std::nullopt;
}

// Counts an entity's text against the limits.
bool XmlReader::enter(std::string_view entity, std::size_t nesting, std::size_t bytes) {
  const auto refuse = [&](std::string_view why) {
    fail("not read: entity '" + short_name(entity) + "' " + std::string(why));
    return false;
  };
  for (const Input& input : inputs_) {
    if (input.entity == entity) return refuse("refers to itself");
  }
  if (nesting > kDeepestEntity) return refuse("is nested deeper than 16 entities, or in itself");
  expanded_ += bytes;
  if (expanded_ > kExpansionAllowance + document_.size()) {
    return refuse("expands to more text than a guide may have");
  }
  return true;
}

XmlReader::MaybePiece XmlReader::markup() {
  const std::string_view here = rest();
  const char second = here.size() > 1 ? here[1] : '\0';
  if (is_name(second, kNameStart)) return start_tag();
  if (second == '/') return end_tag();
  if (second == '?') {
    if (!skip_past("?>")) return truncated();
    return std::nullopt;
  }
  if (second == '!') {
    if (accept("<!--")) {
      if (!skip_past("-->")) return truncated();
      return std::nullopt;
    }
    constexpr std::string_view kCdata = "<![CDATA[";
    if (here.starts_with(kCdata)) {
      const std::size_t end = here.find("]]>");
      if (end == std::string_view::npos) return truncated();
      in_->at += kCdata.size();
      const MaybePiece piece = text_piece(here.substr(kCdata.size(), end - kCdata.size()));
      in_->at += 3;
      return piece;
    }
    if (here.starts_with("<!DOCTYPE")) return doctype();
    for (const std::string_view whole :
         {std::string_view("<!--"), kCdata, std::string_view("<!DOCTYPE")}) {
      if (whole.starts_with(here)) return truncated();
    }
    return fail("not well-formed XML: unexpected " + common::in_quotes(here.substr(0, 20)));
  }
  if (here.size() == 1) return truncated();
  fault("'<' begins no tag");
  return text_piece(here.substr(0, 1));
}

XmlReader::Piece XmlReader::start_tag() {
  if (open_.empty() && seen_root_) {
    return fail("a second element after </" + short_name(root_) + ">");
  }
  if (open_.size() == kMostElements) return fail("elements nested deeper than 256");
  ++in_->at;
  name_ = read_name();
  if (open_.empty()) root_ = name_;
  seen_root_ = true;
  attributes_.clear();
  for (;;) {
    const bool space = skip_space();
    if (at_end()) return truncated();
    if (accept(">")) break;
    if (accept("/>")) {
      empty_element_ = true;
      break;
    }
    if (rest() == "/") return truncated();
    if (!space) fault("no blank before an attribute of <" + short_name(name_) + ">");
    if (!read_attribute()) return Piece::kFailed;
  }
  open_.push_back(name_);
  depth_ = open_.size();
  return Piece::kStart;
}

bool XmlReader::read_attribute() {
  const auto refuse = [&](const std::string& what) {
    fail("not well-formed XML: " + what + " in <" + short_name(name_) + ">");
    return false;
  };
  Attribute attribute{.name = read_name(), .value = {}};
  if (attribute.name.empty()) return refuse("unexpected " + common::in_quotes(rest().substr(0, 1)));
  skip_space();
  if (at_end()) return truncated(), false;
  if (!accept("=")) return refuse("attribute '" + short_name(attribute.name) + "' without a value");
  skip_space();
  if (at_end()) return truncated(), false;
  const char quote = peek();
  if (quote != '"' && quote != '\'') {
    return refuse("attribute '" + short_name(attribute.name) + "' without quotes");
  }
  const std::string_view value = rest().substr(1);
  const std::size_t end = value.find(quote);
  if (end == std::string_view::npos) return truncated(), false;
  attribute.value = value.substr(0, end);
  if (attribute.value.find('<') != std::string_view::npos) {
    fault("'<' in attribute '" + short_name(attribute.name) + "'");
  }
  in_->at += end + 2;
  const auto twin = std::find_if(attributes_.begin(), attributes_.end(),
                                 [&](const Attribute& a) { return a.name == attribute.name; });
  if (twin != attributes_.end()) {
    fault("attribute '" + short_name(attribute.name) + "' twice in <" + short_name(name_) + ">");
    return true;
  }
  if (attributes_.size() == kMostAttributes) return refuse("more than 256 attributes");
  attributes_.push_back(attribute);
  return true;
}

XmlReader::Piece XmlReader::end_tag() {
  const std::size_t begin = in_->at;
  in_->at += 2;
  const std::string_view name = read_name();
  skip_space();
  if (at_end()) return truncated();
  const bool ended = accept(">");
  if (ended && open_.size() > in_->depth && name == open_.back()) return end_of_element();
  in_->at = begin;
  const std::string tag = "</" + short_name(name) + ">";
  if (!ended) return fail("not well-formed XML: unexpected text in " + tag);
  if (open_.size() <= in_->depth) return fail("not well-formed XML: " + tag + " without its start");
  return fail("not well-formed XML: " + tag + " where </" + short_name(open_.back()) +
              "> is expected");
}

XmlReader::Piece XmlReader::end_of_element() {
  name_ = open_.back();
  depth_ = open_.size();
  open_.pop_back();
  return Piece::kEnd;
}

// Reads <!DOCTYPE ...>, for the entities that it declares.
XmlReader::MaybePiece XmlReader::doctype() {
  if (seen_root_ || std::exchange(seen_doctype_, true)) {
    return fail("not well-formed XML: <!DOCTYPE> in the wrong place");
  }
  in_->at += std::string_view("<!DOCTYPE").size();
  for (;;) {
    skip_space();
    if (at_end()) return truncated();
    if (accept(">")) return std::nullopt;
    if (accept("[")) break;
    const char c = peek();
    ++in_->at;
    if ((c == '"' || c == '\'') && !skip_past(std::string_view(&c, 1))) return truncated();
  }
  while (!accept("]")) {
    skip_space();
    if (at_end()) return truncated();
    if (peek() == ']') continue;
    if (!declaration()) return failed_ ? Piece::kFailed : truncated();
  }
  skip_space();
  if (at_end()) return truncated();
  if (!accept(">")) return fail("not well-formed XML: '>' is expected after the DTD");
  return std::nullopt;
}

// Reads one declaration of the DTD. False: it failed, or it is cut off.
bool XmlReader::declaration() {
  if (accept("<!--")) return skip_past("-->");
  if (accept("<?")) return skip_past("?>");
  if (accept("%")) return skip_past(";");
  if (accept("<!ENTITY")) return entity_declaration();
  if (!accept("<!")) {
    if (rest() == "<") return false;
    fail("not well-formed XML: unexpected " + common::in_quotes(rest().substr(0, 20)) +
         " in the DTD");
    return false;
  }
  for (;;) {
    const std::size_t found = in_->text.find_first_of("\"'>", in_->at);
    if (found == std::string_view::npos) return false;
    in_->at = found + 1;
    const char c = in_->text[found];
    if (c == '>') return true;
    if (!skip_past(std::string_view(&c, 1))) return false;
  }
}

bool XmlReader::entity_declaration() {
  skip_space();
  const bool parameter = accept("%");
  skip_space();
  const std::string_view name = read_name();
  skip_space();
  if (at_end()) return false;
  Entity entity;
  const char quote = peek();
  if (quote == '"' || quote == '\'') {
    const std::string_view value = rest().substr(1, rest().find(quote, 1) - 1);
    in_->at += value.size() + 1;
    if (at_end()) return false;
    // Characters are expanded here, references to entities where the entity is used.
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t next = std::min(value.find("&#", at), value.size());
      entity.text += value.substr(at, next - at);
      at = next;
      if (at == value.size()) break;
      const std::string_view reference = reference_name(value.substr(at));
      if (reference.empty()) {
        entity.text += value[at++];
      } else {
        append_character(reference, entity.text);
        at += reference.size() + 2;
      }
    }
    ++in_->at;
  } else {
    entity.external = true;
  }
  for (;;) {
    const std::size_t found = in_->text.find_first_of("\"'>", in_->at);
    if (found == std::string_view::npos) return false;
    in_->at = found + 1;
    const char c = in_->text[found];
    if (c == '>') break;
    if (!skip_past(std::string_view(&c, 1))) return false;
  }
  if (parameter || name.empty()) return true;
  if (entities_.size() == kMostEntities) {
    fail("more than 10000 entities");
    return false;
  }
  entities_.try_emplace(std::string(name), std::move(entity));
  return true;
}

// Appends the character of "#233" or of "amp".
void XmlReader::append_character(std::string_view reference, std::string& out) {
  if (reference.front() != '#') {
    out += predefined(reference);
    return;
  }
  const std::string character = numeric_character(reference);
  if (character.empty()) fault("no such character: &" + short_name(reference) + ";");
  out += character.empty() ? kNoCharacter : std::string_view(character);
}

std::optional<std::string> XmlReader::attribute(std::string_view name) {
  const auto found = std::find_if(attributes_.begin(), attributes_.end(),
                                  [&](const Attribute& a) { return a.name == name; });
  if (found == attributes_.end()) return std::nullopt;
  std::string value;
  expand(found->value, inputs_.size(), value);
  return value;
}

// Appends the value of an attribute, with blanks for tabs and line ends.
void XmlReader::expand(std::string_view value, std::size_t nesting, std::string& out) {
  while (!value.empty() && !failed_) {
    const std::size_t plain = std::min(value.find_first_of("&\t\r\n"), value.size());
    out += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) return;
    const std::string_view name = value.front() == '&' ? reference_name(value) : std::string_view();
    if (name.empty()) {
      if (value.front() == '&') fault("'&' begins no reference");
      out += value.front() == '&' ? '&' : ' ';
      value.remove_prefix(1);
      continue;
    }
    const std::string_view whole = value.substr(0, name.size() + 2);
    value.remove_prefix(whole.size());
    if (name.front() == '#' || !predefined(name).empty()) {
      append_character(name, out);
      continue;
    }
    const auto entity = entities_.find(name);
    if (entity == entities_.end() || entity->second.external) {
      fault("no such entity: " + short_name(whole));
      out += whole;
    } else if (enter(name, nesting, entity->second.text.size())) {
      expand(entity->second.text, nesting + 1, out);
    }
  }
}

}  // namespace on_air
