// Checks the name of a service. A name becomes a program, an argument and part of a Redis key, so that
// each channel refuses a name that could be read as a path, an option or a control sequence.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_SERVICE_NAME_H_
#define MASTERCLOCK_EXAMPLES_POLLER_SERVICE_NAME_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/printable.h"

namespace poller {

inline constexpr std::string_view kSourcePrefix = "source-";

// `what` names the kind of name. Errors: InvalidArgument, with the name and the reason.
inline absl::Status check_name(const std::string& what, std::string_view name) {
  constexpr std::size_t kLongest = 100;
  const char* fault = nullptr;
  if (name.empty()) fault = "it is empty";
  if (name.size() > kLongest) fault = "it has more than 100 bytes";
  if (name.starts_with('-')) fault = "it begins with '-'";
  if (name.find('/') != std::string_view::npos) fault = "it contains '/'";
  if (name.find("..") != std::string_view::npos) fault = "it contains '..'";
  if (std::any_of(name.begin(), name.end(),
                  [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
    fault = "it contains a control character";
  }
  if (fault == nullptr && common::printable(name) != name) fault = "it is not plain text";
  if (fault == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(what + " " + common::in_quotes(name) + ": " + fault);
}

// Errors: InvalidArgument, also for a name without a source id.
inline absl::Status check_service_name(std::string_view name) {
  if (name == kSourcePrefix) {
    return absl::InvalidArgumentError("service name 'source-': nothing follows 'source-'");
  }
  return check_name("service name", name);
}

// Returns the name without "source-": the name of the service in config:schedule and in status:*.
inline std::string source_id(std::string_view service) {
  if (service.starts_with(kSourcePrefix)) service.remove_prefix(kSourcePrefix.size());
  return std::string(service);
}

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_SERVICE_NAME_H_
