// Reads the small files of a service: its configuration, and the identity of the machine's boot.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_SMALL_FILE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_SMALL_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace common {

// Returns the contents of a file of at most 1 MB.
//
// Errors: NotFound "FILE: cannot be read: reason", or "FILE: is above 1 MB".
absl::StatusOr<std::string> read_small_file(const std::string& path);

// Returns the kernel's name for the time since the machine started. Steady times of one boot can be
// compared.
std::string boot_id();

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_SMALL_FILE_H_
