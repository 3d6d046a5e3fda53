// A place for events: a file of JSON lines, or a webhook.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_DESTINATION_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_DESTINATION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace scoreboard {

// kDead: a further attempt would get the same answer.
enum class Verdict { kDelivered, kRetry, kDead };

struct Attempt {
  Verdict verdict = Verdict::kDelivered;
  std::chrono::nanoseconds retry_after{};  // the wish of the destination
  std::string why = {};                    // for kRetry and kDead
};

class Destination {
 public:
  virtual ~Destination() = default;

  // Delivers an event, a line of JSON. `utc_s` is the time of the attempt.
  virtual Attempt deliver(std::int64_t event_id, const std::string& line, std::int64_t utc_s) = 0;
};

// Opens "file:PATH", "http://..." or "https://...". `secret` signs webhooks: "whsec_" and base64.
//
// Errors: InvalidArgument for another text, and for a secret that is not base64; those of LineFile.
absl::StatusOr<std::unique_ptr<Destination>> open_destination(const std::string& text,
                                                              const std::string& secret);

// Checks what open_destination opens, without waiting for the reader of a pipe. Makes a missing file.
absl::Status check_destination(const std::string& text, const std::string& secret);

// Returns the delay that a header Retry-After asks for at `utc_s`: a number of seconds, or a date. Returns 0
// for other text and for a past date.
//
// Source: RFC 9110, 10.2.3
std::chrono::seconds retry_after(const std::string& header, std::int64_t utc_s);

// Returns 2xx delivered; other 4xx than 408, 425 and 429 dead; anything else to be tried again.
Verdict verdict_of(int status);

// Returns the header `webhook-signature` of Standard Webhooks: "v1," and the base64 of the HMAC-SHA256 of
// "ID.TIMESTAMP.BODY".
//
// Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md
absl::StatusOr<std::string> webhook_signature(std::string_view secret, std::string_view id,
                                              std::int64_t timestamp, std::string_view body);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_DESTINATION_H_
