// Reads an XML document from its start to its end by Expat, without a tree.
//
// Entities that the document declares itself are expanded. External entities and the external DTD are
// not read. A fault that leaves the elements clear is reported, and reading goes on (xml_repair.h).
// Another fault ends it, as does a limit.
//
// Most documents are well-formed. A document is therefore read as it is first. A second reading, of the
// repaired document, follows only if a parser refuses the first or may skip an entity in it.
//
// Limits: 256 elements in one another, 256 attributes in one element, 1,000 declared entities, 64 MiB
//         in one tag, and as much text from entities as the document has, plus 4 MiB.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XML_READER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XML_READER_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "xml_repair.h"

namespace on_air {

// A start tag.
struct XmlTag {
  std::string_view name;
  std::size_t depth;                   // the root has depth 1
  std::size_t offset;                  // in the document; within an entity, that of the reference
  const char* const* attributes_list;  // name, value, name, value ... nullptr

  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name) const;
};

// Takes the pieces of a document in their order. An error ends the reading of that document.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual absl::Status start(const XmlTag& tag) = 0;
  // Returns whether `text` is to be called before the next tag.
  [[nodiscard]] virtual bool wants_text() const = 0;
  // A part of the characters of the element at that depth.
  virtual absl::Status text(std::string_view text, std::size_t depth) = 0;
  virtual absl::Status end(std::size_t depth) = 0;
  // Comes before the tags that follow it.
  virtual absl::Status fault(const XmlFault& fault) = 0;
};

// Makes the handler of one reading. `document` is the text that is read, with the lines of the file.
using XmlHandlerMaker = std::function<XmlHandler&(std::string_view document)>;

// Reads a document in UTF-8 without a byte order mark. The handler that was made last has the result.
//
// Errors: that of the handler; InvalidArgument "FILE:LINE: what". A document that is cut off fails at
//         its end.
[[nodiscard]] absl::Status read_xml(std::string_view utf8, std::string_view file,
                                    const XmlHandlerMaker& make_handler);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XML_READER_H_
