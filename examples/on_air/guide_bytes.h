// Reads the bytes of a guide, whatever wraps them.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_BYTES_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_BYTES_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace on_air {

// The most bytes that a guide may have, unpacked.
inline constexpr std::size_t kLargestGuide = std::size_t{256} << 20;

// The path that means standard input.
inline constexpr std::string_view kStandardInput = "-";

// Returns the name of a guide for messages.
[[nodiscard]] std::string guide_name(std::string_view path);

// Says whether a guide may be a pipe. To open one takes as long as its writer wishes.
enum class Pipes { kRead, kRefused };

// Reads a file, or standard input for "-". Unpacks what gzip packed; the content decides, not the
// name.
//
// Errors: "FILE: what". NotFound or Unavailable when it cannot be read; InvalidArgument for a file
//         of more than `largest` bytes, for damaged gzip, for other packers, and for a pipe that is
//         refused.
[[nodiscard]] absl::StatusOr<std::string> read_guide_bytes(const std::string& path,
                                                           std::size_t largest = kLargestGuide,
                                                           Pipes pipes = Pipes::kRead);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_BYTES_H_
