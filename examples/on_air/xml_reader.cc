#include "xml_reader.h"

#define XML_DTD  // declares the limits on entities
#include <expat.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "common/data_error.h"
#include "common/printable.h"
#include "guide_reading.h"

namespace on_air {
namespace {

constexpr std::size_t kMostElements = 256, kMostAttributes = 256, kMostEntities = 1'000;
constexpr std::size_t kLongestTag = std::size_t{64} << 20;
constexpr float kMostAmplification = 2;  // as much again as the document has
constexpr unsigned long long kExpansionAllowance = 4ULL << 20;
constexpr std::size_t kChunk = std::size_t{4} << 20;

std::string short_name(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  return common::printable(name.substr(0, kLongest)) + (name.size() > kLongest ? "..." : "");
}

// Returns "</name>" for the rest of a tag, "name >".
std::string end_tag(std::string_view text) {
  return "</" + short_name(text.substr(0, text.find_first_of("> \t\r\n"))) + ">";
}

XML_Parser make_parser() {
  XML_Parser parser = XML_ParserCreate("UTF-8");
  if (parser == nullptr) throw std::bad_alloc();
  return parser;
}

class Reading {
 public:
  // `repair` is null for a document that is read as it is.
  Reading(std::string_view document, std::string_view file, const XmlRepair* repair,
          XmlHandler& handler)
      : document_(document), file_(file), repair_(repair), handler_(handler), lines_(document) {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &on_start, &on_end);
    XML_SetEntityDeclHandler(parser_.get(), &on_entity);
    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser_.get(), kMostAmplification);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parser_.get(), kExpansionAllowance);
  }

  absl::Status run() {
    for (std::size_t at = 0; at < document_.size(); at += kChunk) {
      const std::string_view chunk = document_.substr(at, kChunk);
      if (repair_ == nullptr && !refers_to_characters_only(document_, at, at + chunk.size())) {
        return ill_formed("perhaps an entity that it does not declare");
      }
      if (!parse(chunk, XML_FALSE)) return failed() ? stopped() : failure();
    }
    const bool whole = parse({}, XML_TRUE);
    if (failed()) return stopped();
    if (!whole) return truncated();
    report_faults(common::line_at(document_, document_.size()));
    return stopped();
  }

 private:
  static Reading& of(void* self) { return *static_cast<Reading*>(self); }
  static void on_start(void* self, const char* name, const char** attributes) {
    of(self).call([&] { return of(self).start(name, attributes); });
    of(self).choose_text();
  }
  static void on_text(void* self, const char* text, int size) {
    const std::string_view characters(text, static_cast<std::size_t>(size));
    of(self).call([&] { return of(self).handler_.text(characters, of(self).open_.size()); });
  }
  static void on_end(void* self, const char* /*name*/) {
    of(self).call([&] {
      const std::size_t depth = of(self).open_.size();
      of(self).open_.pop_back();
      return of(self).handler_.end(depth);
    });
    of(self).choose_text();
  }
  static void on_entity(void* self, const char*, int, const char*, int, const char*, const char*,
                        const char*, const char*) {
    of(self).call([&] {
      return ++of(self).entities_ > kMostEntities ? of(self).error("more than 1000 entities")
                                                  : absl::OkStatus();
    });
  }

  bool parse(std::string_view chunk, XML_Bool last) {
    return XML_Parse(parser_.get(), chunk.data(), static_cast<int>(chunk.size()), last) ==
           XML_STATUS_OK;
  }

  // Expat passes over text in less time while no handler wants it.
  void choose_text() {
    XML_SetCharacterDataHandler(parser_.get(), handler_.wants_text() ? &on_text : nullptr);
  }

  // Stops the parser after an error of the action. No exception crosses the parser.
  template <class Action>
  void call(Action action) {
    if (failed()) return;
    try {
      status_ = action();
    } catch (...) {
      exception_ = std::current_exception();
    }
    if (failed()) XML_StopParser(parser_.get(), XML_FALSE);
  }

  absl::Status start(const char* name, const char** attributes) {
    if (has_fault()) report_faults(line());
    if (!status_.ok()) return status_;
    if (open_.empty()) root_ = name;
    open_.push_back(offset());
    if (open_.size() > kMostElements) return error("elements nested deeper than 256");
    const auto count = static_cast<std::size_t>(XML_GetSpecifiedAttributeCount(parser_.get())) / 2;
    if (count > kMostAttributes) {
      return error("not well-formed XML: more than 256 attributes in <" + short_name(name) + ">");
    }
    return handler_.start({name, open_.size(), open_.back(), attributes});
  }

  // Returns whether a fault is left to report.
  [[nodiscard]] bool has_fault() const {
    return repair_ != nullptr && reported_ < repair_->faults.size();
  }
  void report_faults(std::size_t line) {
    while (status_.ok() && has_fault() && repair_->faults[reported_].line <= line) {
      status_ = handler_.fault(repair_->faults[reported_++]);
    }
  }

  [[nodiscard]] bool failed() const { return !status_.ok() || exception_ != nullptr; }
  absl::Status stopped() const {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
    return status_;
  }

  [[nodiscard]] std::size_t offset() const {
    const XML_Index at = XML_GetCurrentByteIndex(parser_.get());
    return std::min(static_cast<std::size_t>(std::max<XML_Index>(at, 0)), document_.size());
  }
  // Not XML_GetCurrentLineNumber, which reads the document a second time.
  [[nodiscard]] std::size_t line() { return lines_.line_of(offset()); }
  [[nodiscard]] absl::Status error(std::string_view what) {
    return common::data_error(file_, line(), what);
  }

  [[nodiscard]] absl::Status truncated() {
    if (root_.empty() && document_.find('<') == std::string_view::npos) {
      return error("not XML: there is no element in it");
    }
    return common::data_error(
        file_, common::line_at(document_, document_.size()),
        "truncated XML: " + (root_.empty() ? std::string("there is no element in it")
                                           : "it ends before </" + short_name(root_) + ">"));
  }

  // Names the cause where the parser stopped.
  [[nodiscard]] absl::Status failure() {
    const XML_Error code = XML_GetErrorCode(parser_.get());
    const std::string_view here = document_.substr(offset());
    if (code == XML_ERROR_AMPLIFICATION_LIMIT_BREACH) {
      return error("not read: an entity expands to more text than a guide may have");
    }
    if (code == XML_ERROR_RECURSIVE_ENTITY_REF) {
      return error("not read: an entity refers to itself");
    }
    if (code == XML_ERROR_NO_MEMORY) {
      return absl::ResourceExhaustedError(common::printable(file_) + ": no memory to read it");
    }
    if (root_.empty() && code == XML_ERROR_SYNTAX) {
      return error("not XML: there is no element in it");
    }
    if (!root_.empty() && open_.empty()) {
      if (here.starts_with('/')) return ill_formed(end_tag(here.substr(1)) + " without its start");
      return ill_formed((here.starts_with('<') ? "a second element after </" : "text after </") +
                        short_name(root_) + ">");
    }
    if (code == XML_ERROR_TAG_MISMATCH && !here.starts_with('&')) {  // '&': within an entity
      return ill_formed(end_tag(here) + " where " + end_tag(document_.substr(open_.back() + 1)) +
                        " is expected");
    }
    if (code == XML_ERROR_INVALID_TOKEN) {
      return ill_formed("unexpected " + common::in_quotes(here.substr(0, 20)));
    }
    return ill_formed(XML_ErrorString(code));
  }
  [[nodiscard]] absl::Status ill_formed(std::string_view what) {
    return error("not well-formed XML: " + std::string(what));
  }

  const std::string_view document_, file_;
  const XmlRepair* const repair_;
  XmlHandler& handler_;
  LineCounter lines_;
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_{make_parser(),
                                                                             &XML_ParserFree};
  std::string root_;
  std::vector<std::size_t> open_;  // offsets of the tags of the open elements
  std::size_t entities_ = 0, reported_ = 0;
  absl::Status status_;
  std::exception_ptr exception_;
};

}  // namespace

std::optional<std::string_view> XmlTag::attribute(std::string_view wanted) const {
  for (const char* const* pair = attributes_list; *pair != nullptr; pair += 2) {
    if (wanted == pair[0]) return pair[1];
  }
  return std::nullopt;
}

absl::Status read_xml(std::string_view utf8, std::string_view file,
                      const XmlHandlerMaker& make_handler) {
  if (utf8.size() <= kLongestTag) {  // no tag is too long
    absl::Status status = Reading(utf8, file, nullptr, make_handler(utf8)).run();
    if (status.ok() || absl::IsCancelled(status)) return status;
  }
  const XmlRepair repair = repair_xml(utf8, kLongestTag);
  if (repair.too_long_at) {
    return common::data_error(file, common::line_at(utf8, *repair.too_long_at),
                              "a tag or a comment of more than 64 MiB");
  }
  const std::string_view document = repair.text ? std::string_view(*repair.text) : utf8;
  return Reading(document, file, &repair, make_handler(document)).run();
}

}  // namespace on_air
