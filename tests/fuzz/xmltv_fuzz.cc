// Reads any bytes as an XMLTV guide, and any text as a time of one.
#include <cstdint>
#include <string>

#include "guide_invariants.h"
#include "xmltv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  masterclock::tests::require_guide_or_one_line(on_air::parse_xmltv(bytes, "f"),
                                                on_air::parse_xmltv(bytes, "f", {.strict = true}));
  if (size < 64) {
    // An offset of zero is the one that a time without an offset has.
    const auto time = on_air::parse_xmltv_time(bytes);
    const auto assumed = on_air::parse_xmltv_time(bytes, masterclock::Zone());
    masterclock::tests::require(time.ok() == assumed.ok() && (!time.ok() || *time == *assumed));
  }
  return 0;
}
