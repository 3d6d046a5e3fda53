// Reads the characters of an XML file, whatever its bytes are.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XML_TEXT_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XML_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace on_air {

// Returns the encoding of an XML file. Its byte order mark or the pattern of its first bytes decides,
// then the declaration (<?xml ... encoding="ISO-8859-1"?>). Without either it is UTF-8.
//
// Source: XML 1.0, appendix F.
[[nodiscard]] std::string xml_encoding(std::string_view bytes);

struct XmlText {
  std::string utf8;      // without a byte order mark; its lines are those of the file
  std::string encoding;  // of the file
  // U+FFFD replaces bytes that are not valid in the encoding, and control characters, which XML does
  // not have. These are the number of replacements and the offset of the first.
  std::size_t replaced = 0, first_replaced = 0;
};

// Errors: InvalidArgument, "FILE:LINE: what", for an encoding that iconv(3) does not know, and
//         where more than a few characters in a hundred would be replaced.
// Cost:   UTF-8 without errors is checked in place and not copied.
[[nodiscard]] absl::StatusOr<XmlText> xml_as_utf8(std::string bytes, std::string_view file);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XML_TEXT_H_
