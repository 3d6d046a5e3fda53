// Checks that untrusted zone files are refused or compiled, and that a compiled zone gives the same
// results by its buckets and by its binary search.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_compiler.h"
#include "masterclock/zones/internal/zone_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto rules = masterclock::internal::TzifReader::read(bytes);
  if (!rules) return 0;
  const auto compiled = masterclock::internal::ZoneCompiler::compile(std::move(*rules));
  const masterclock::internal::ZoneTable table("Fuzz", compiled);
  for (std::int64_t t = INT64_MIN; t < INT64_MAX - (INT64_MAX >> 8); t += INT64_MAX >> 8) {
    if (table.place_of(t).span != table.plain_span_at(t)) std::abort();
    if (table.resolve(t) != table.plain_resolve(t)) std::abort();
  }
  return 0;
}
