// Reads plain XML in one pass: elements, attributes, text, comments and the five predefined references.
//
// Most guides contain nothing else. Expat needs longer for them: it splits each tag in two passes, copies the
// names and values, and needs a pass for repairs before it. This reader decides nothing about other documents:
// they are not plain, and read_xml reads them from their start. In a plain document it calls the handler as
// read_xml does, but it may divide a text into other parts, and it leaves each line end as it is.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XML_PLAIN_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XML_PLAIN_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "xml_reader.h"

namespace on_air {

// Returns false where the document is not plain, or not well-formed. The handler has had a part of it.
//
// Errors: those of the handler.
[[nodiscard]] absl::StatusOr<bool> read_plain_xml(std::string_view utf8, XmlHandler& handler);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XML_PLAIN_H_
