// Checks that untrusted zone files are refused or compiled, and that a compiled zone gives the same
// results by its buckets and by its binary search.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_compiler.h"
#include "masterclock/zones/internal/zone_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto rules = masterclock::internal::TzifReader::read(bytes);
  if (!rules) return 0;
  const masterclock::internal::ZoneTable table(
      "Fuzz", masterclock::internal::ZoneCompiler::compile(std::move(*rules)));
  for (std::int64_t t = INT64_MIN; t < INT64_MAX - (INT64_MAX >> 8); t += INT64_MAX >> 8) {
    if (table.span_at(t) != table.plain_span_at(t)) std::abort();
    const auto quick = table.resolve(t), plain = table.plain_resolve(t);
    if (quick.kind != plain.kind || quick.earlier != plain.earlier || quick.later != plain.later) {
      std::abort();
    }
  }
  return 0;
}
