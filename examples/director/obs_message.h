// Reads and writes the messages of obs-websocket 5.
//
// Source: https://github.com/obsproject/obs-websocket/blob/5.1.0/docs/generated/protocol.md
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_MESSAGE_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_MESSAGE_H_

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"

namespace director {

struct ObsHello {
  // Both are empty when OBS needs no password.
  std::string challenge, salt;
};
struct ObsIdentified {};
struct ObsEvent {
  std::string type;
  nlohmann::json data;  // an object
};
struct ObsResponse {
  std::string id;
  bool ok = false;
  int code = 0;
  std::string comment;
  nlohmann::json data;  // an object
};
using ObsMessage = std::variant<ObsHello, ObsIdentified, ObsEvent, ObsResponse>;

inline constexpr int kObsNotReady = 207;  // status of a response
inline constexpr int kObsResourceNotFound = 600;
inline constexpr int kObsAuthenticationFailed = 4009;  // code of a close frame

// Errors: InvalidArgument for a text that is no message of obs-websocket to a client.
absl::StatusOr<ObsMessage> read_obs_message(std::string_view text);

// Returns the answer to Hello. Subscribes to the events of scenes, outputs and studio mode.
std::string obs_identify(const ObsHello& hello, std::string_view password);

std::string obs_request(std::string_view id, std::string_view type, nlohmann::json data);

// Returns base64(sha256(base64(sha256(password + salt)) + challenge)).
std::string obs_authentication(std::string_view password, std::string_view salt,
                               std::string_view challenge);

// Reads "HH:MM:SS.mmm".
std::optional<std::chrono::nanoseconds> parse_obs_timecode(std::string_view text);

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_MESSAGE_H_
