// Reads an XML document piece by piece, without a tree, for guides that are large or damaged.
//
//   XmlReader xml(text);
//   for (;;) {
//     switch (xml.next()) {
//       case XmlReader::Piece::kStart:   // <xml.name()>, with xml.attribute("id")
//       case XmlReader::Piece::kText:    // xml.text(), at xml.depth()
//       case XmlReader::Piece::kEnd:     // of the element xml.name(), at its depth
//       case XmlReader::Piece::kDone:    // the document is whole
//       case XmlReader::Piece::kFailed:  // xml.error() at xml.offset()
//     }
//   }
//
// References to characters and to entities that the document declares itself are expanded.
// External entities and the external DTD are not read.
//
// Reading survives a fault that leaves no doubt about the elements, and take_faults() reports it. An
// undeclared entity and a lone '&' are taken literally. A character that XML does not have becomes
// U+FFFD. Tags that do not match, a document that is cut off, and the limits below end the document.
//
// Limits: 256 elements in one another, 256 attributes in one element, 10,000 declared entities,
//         16 entities in one another, and as much text from entities as the document has, plus
//         4 MiB.
// Source: XML 1.0 (fifth edition). Not checked: names beyond ASCII, "--" in comments, declarations of
//         elements and attributes.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XML_READER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XML_READER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace on_air {

class XmlReader {
 public:
  enum class Piece { kStart, kText, kEnd, kDone, kFailed };

  // A fault that reading survives.
  struct Fault {
    std::size_t offset;
    std::string what;
  };

  // `utf8` has no byte order mark, and must outlive the reader.
  explicit XmlReader(std::string_view utf8);

  // Goes on to the next piece. Views of the piece before end here.
  Piece next();

  // The name of the element that starts or ends.
  [[nodiscard]] std::string_view name() const noexcept { return name_; }

  // The elements around the piece; an element's own start and end count it.
  [[nodiscard]] std::size_t depth() const noexcept { return depth_; }

  // A part of the characters of an element.
  [[nodiscard]] std::string_view text() const noexcept { return piece_text_; }

  // The attribute of the element that starts, with references expanded.
  [[nodiscard]] std::optional<std::string> attribute(std::string_view name);

  // The place of the piece in the document. Within an entity, it is the place of the reference.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

  // After kFailed. A document that ends too early fails at its end.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

  // Returns the faults since the last call, at most 100 of a document.
  [[nodiscard]] std::vector<Fault> take_faults() { return std::exchange(faults_, {}); }

 private:
  // The document, or the text of an entity.
  struct Input {
    std::string_view text;
    std::string_view entity;    // its name
    std::size_t reference = 0;  // the place of the reference to it in the document
    std::size_t depth = 0;      // of the elements that were open there
    std::size_t at = 0;
    std::size_t next_tag = 0;  // the first '<' after `at`, or a place not after it
  };
  struct Attribute {
    std::string_view name, value;
  };
  struct Entity {
    std::string text;
    bool external = false;
  };
  using MaybePiece = std::optional<Piece>;

  Piece fail(std::string what);
  Piece truncated();
  void fault(std::string what);

  [[nodiscard]] std::size_t place() const;
  [[nodiscard]] bool at_end() const { return in_->at >= in_->text.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : in_->text[in_->at]; }
  [[nodiscard]] std::string_view rest() const { return in_->text.substr(in_->at); }
  bool accept(std::string_view expected);
  bool skip_space();
  bool skip_past(std::string_view end);
  std::string_view read_name();

  MaybePiece content();
  MaybePiece end_of_input();
  MaybePiece markup();
  MaybePiece text_piece(std::string_view text);
  MaybePiece reference();
  Piece start_tag();
  bool read_attribute();
  Piece end_tag();
  Piece end_of_element();
  MaybePiece doctype();
  bool declaration();
  bool entity_declaration();

  void append_character(std::string_view reference, std::string& out);
  void expand(std::string_view value, std::size_t nesting, std::string& out);
  bool enter(std::string_view entity, std::size_t nesting, std::size_t bytes);

  const std::string_view document_;
  std::vector<Input> inputs_;
  Input* in_ = nullptr;                 // the last of them
  std::vector<std::string_view> open_;  // names of the open elements
  std::vector<Attribute> attributes_;
  std::map<std::string, Entity, std::less<>> entities_;

  std::string_view name_, piece_text_, root_;
  std::string character_;
  std::size_t depth_ = 0, offset_ = 0;
  std::size_t expanded_ = 0, faults_noted_ = 0;
  bool empty_element_ = false;  // <a/>: its end comes next
  bool seen_root_ = false, seen_doctype_ = false, failed_ = false;
  std::string error_;
  std::vector<Fault> faults_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XML_READER_H_
