// Repairs a document that is not well-formed XML where its elements are clear nevertheless.
//
// Guides have "AT&T" and "A < B" in their titles. An XML parser must refuse these. This pass turns into
// text:
//
//   - a '&' that begins no reference, and a reference to an entity that the document does not declare
//   - a '<' that begins no tag, or that is in an attribute
//   - "]]>" in text
//
// U+FFFD replaces a reference to a character that XML does not have. Each repair is a fault to report.
// The lines stay. All else is left to the parser.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XML_REPAIR_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XML_REPAIR_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace on_air {

struct XmlFault {
  std::size_t line;
  std::string what;
};

struct XmlRepair {
  std::optional<std::string> text;  // absent: nothing was repaired
  std::vector<XmlFault> faults;     // at most 100
  // The first tag, comment or declaration of more than `longest` bytes. A parser keeps one in memory.
  std::optional<std::size_t> too_long_at;
};

// Returns whether each '&' in [from, until) begins a reference to a character: by number, or by one of the
// five names that XML has. A parser then reports every fault. It may skip another reference without a report,
// because an external DTD may declare the name.
[[nodiscard]] bool refers_to_characters_only(std::string_view utf8, std::size_t from,
                                             std::size_t until);

// Cost: one pass; copies the document when there is a fault.
[[nodiscard]] XmlRepair repair_xml(std::string_view utf8, std::size_t longest);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XML_REPAIR_H_
