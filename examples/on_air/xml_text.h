// The characters of an XML file, whatever its bytes are.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XML_TEXT_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XML_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace on_air {

// The encoding of an XML file: what its byte order mark or the pattern of its first bytes says,
// else what its declaration says (<?xml ... encoding="ISO-8859-1"?>), else UTF-8.
//
// Source: XML 1.0, appendix F.
[[nodiscard]] std::string xml_encoding(std::string_view bytes);

// The text as UTF-8, without a byte order mark. Lines are those of the file, so that a place in the
// result is a place in the file.
//
// Threads: any.
// Errors:  InvalidArgument, "FILE:LINE: what": an encoding that iconv(3) does not know, bytes that
//          are not valid in it, a zero character.
[[nodiscard]] absl::StatusOr<std::string> xml_as_utf8(std::string_view bytes,
                                                      std::string_view file);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XML_TEXT_H_
