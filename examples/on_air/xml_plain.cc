#include "xml_plain.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "guide_reading.h"

namespace on_air {
namespace {

constexpr std::size_t kMostPlainElements = 64, kMostPlainAttributes = 16,
                      kLongestPlainMarkup = std::size_t{1} << 20;

bool starts_plain_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool continues_plain_name(char c) {
  return starts_plain_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}
bool is_plain_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

struct Reference {
  std::string_view written, means;
};
constexpr std::array<Reference, 5> kReferences = {
    {{"&amp;", "&"}, {"&apos;", "'"}, {"&quot;", "\""}, {"&lt;", "<"}, {"&gt;", ">"}}};

const Reference* reference_at(std::string_view text) {
  const auto found =
      std::find_if(kReferences.begin(), kReferences.end(),
                   [&](const Reference& one) { return text.starts_with(one.written); });
  return found == kReferences.end() ? nullptr : &*found;
}

// Ignores what is read.
class Nothing final : public XmlHandler {
 public:
  absl::Status start(const XmlTag&) override { return absl::OkStatus(); }
  absl::Status text(std::string_view, std::size_t) override { return absl::OkStatus(); }
  absl::Status end(std::size_t) override { return absl::OkStatus(); }
  absl::Status fault(const XmlFault&) override { return absl::CancelledError(); }
};

// Returns whether Expat accepts what is before the root, and no declaration in it changes the elements.
bool is_plain_prolog(std::string_view prolog) {
  if (prolog.size() > kLongestPlainMarkup || prolog.find('[') != std::string_view::npos)
    return false;
  Nothing nothing;
  return read_xml(std::string(prolog) + "<tv/>", "", nothing).ok();
}

class PlainReader {
 public:
  PlainReader(std::string_view text, XmlHandler& handler)
      : text_(text), handler_(handler), lines_(text) {}

  // Returns false where the document is not plain, or where `status` is an error.
  bool read() {
    at_ = text_.find('<');
    while (at_ + 1 < text_.size() && !starts_plain_name(text_[at_ + 1])) at_ = find('<', at_ + 1);
    if (at_ + 1 >= text_.size() || !is_plain_prolog(text_.substr(0, at_))) return false;
    if (text_.find("]]>") != std::string_view::npos) return false;
    do {
      if (!markup() || !characters()) return false;
    } while (at_ < text_.size());
    return open_.empty();
  }
  [[nodiscard]] const absl::Status& status() const noexcept { return status_; }

 private:
  // Returns the offset of the character at or after `from`, or that of the end.
  [[nodiscard]] std::size_t find(char c, std::size_t from) const {
    return std::min(text_.find(c, from), text_.size());
  }
  // Returns the character at the offset; at the end, one that no markup contains.
  [[nodiscard]] char look(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  bool call(absl::Status status) {
    if (status.ok()) return true;
    status_ = std::move(status);
    return false;
  }

  // Reads the characters up to the next markup.
  bool characters() {
    const std::size_t end = find('<', at_);
    std::string_view text = text_.substr(at_, end - at_);
    at_ = end;
    if (open_.empty()) return std::all_of(text.begin(), text.end(), is_plain_blank);
    while (!text.empty()) {
      const std::size_t plain = std::min(text.find('&'), text.size());
      if (plain > 0 && !call(handler_.text(text.substr(0, plain), open_.size()))) return false;
      text.remove_prefix(plain);
      if (text.empty()) break;
      const Reference* const reference = reference_at(text);
      if (reference == nullptr || !call(handler_.text(reference->means, open_.size())))
        return false;
      text.remove_prefix(reference->written.size());
    }
    return true;
  }

  bool markup() {
    const std::size_t begin = at_;
    const char second = look(at_ + 1);
    const bool good = second == '/' ? end_tag() : second == '!' ? comment() : start_tag();
    return good && at_ - begin <= kLongestPlainMarkup;
  }

  bool comment() {
    if (text_.substr(at_, 4) != "<!--") return false;
    const std::size_t end = std::min(text_.find("--", at_ + 4), text_.size());
    at_ = end + 3;
    return look(end + 2) == '>';
  }

  bool end_tag() {
    if (open_.empty() || !text_.substr(at_ + 2).starts_with(open_.back())) return false;
    at_ += 2 + open_.back().size();
    skip_blanks();
    return look(at_++) == '>' && close();
  }

  bool close() {
    const std::size_t depth = open_.size();
    open_.pop_back();
    return call(handler_.end(depth));
  }

  bool start_tag() {
    if (rooted_ && open_.empty()) return false;
    rooted_ = true;
    const std::size_t line = lines_.line_of(at_++);
    const std::string_view name = take_name();
    if (name.empty() || open_.size() == kMostPlainElements) return false;
    open_.push_back(name);
    count_ = 0;
    while (skip_blanks() && starts_plain_name(look(at_))) {
      if (!attribute()) return false;
    }
    const bool empty = look(at_) == '/';
    if (empty) ++at_;
    if (look(at_++) != '>') return false;
    const std::span<const XmlAttribute> attributes(attributes_.data(), count_);
    return call(handler_.start({name, open_.size(), line, attributes})) && (!empty || close());
  }

  bool attribute() {
    if (count_ == kMostPlainAttributes) return false;
    XmlAttribute& attribute = attributes_[count_];
    attribute.name = take_name();
    for (std::size_t i = 0; i < count_; ++i) {
      if (attributes_[i].name == attribute.name) return false;
    }
    skip_blanks();
    if (look(at_++) != '=') return false;
    skip_blanks();
    const char quote = look(at_++);
    if (quote != '"' && quote != '\'') return false;
    const std::size_t end = find(quote, at_);
    attribute.value = text_.substr(at_, end - at_);
    at_ = end + 1;
    bool references = false;
    for (const char c : attribute.value) {
      if (c == '<' || (is_plain_blank(c) && c != ' '))
        return false;  // XML makes a space of other blanks
      references |= c == '&';
    }
    if (end == text_.size() || (references && !resolve(count_))) return false;
    ++count_;
    return true;
  }

  bool resolve(std::size_t index) {
    std::string& resolved = resolved_[index];
    resolved.clear();
    for (std::string_view rest = attributes_[index].value; !rest.empty();) {
      const Reference* const reference = rest.front() == '&' ? reference_at(rest) : nullptr;
      if (rest.front() == '&' && reference == nullptr) return false;
      resolved += reference == nullptr ? rest.substr(0, 1) : reference->means;
      rest.remove_prefix(reference == nullptr ? 1 : reference->written.size());
    }
    attributes_[index].value = resolved;
    return true;
  }

  std::string_view take_name() {
    const std::size_t begin = at_;
    if (!starts_plain_name(look(at_))) return {};
    while (continues_plain_name(look(at_))) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Returns whether there were blanks.
  bool skip_blanks() {
    const std::size_t begin = at_;
    while (is_plain_blank(look(at_))) ++at_;
    return at_ > begin;
  }

  const std::string_view text_;
  XmlHandler& handler_;
  LineCounter lines_;
  std::size_t at_ = 0;
  bool rooted_ = false;
  std::vector<std::string_view> open_;  // names of the open elements
  std::array<XmlAttribute, kMostPlainAttributes> attributes_;
  std::array<std::string, kMostPlainAttributes> resolved_;  // values that have references
  std::size_t count_ = 0;                                   // of the attributes
  absl::Status status_;
};

}  // namespace

absl::StatusOr<bool> read_plain_xml(std::string_view utf8, XmlHandler& handler) {
  PlainReader reader(utf8, handler);
  const bool plain = reader.read();
  if (!reader.status().ok()) return reader.status();
  return plain;
}

}  // namespace on_air
