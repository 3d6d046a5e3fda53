#include "obs_message.h"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/http_message.h"
#include "common/json_line.h"

namespace director {
namespace {

using nlohmann::json;

// The message types of the protocol.
enum ObsOp : int {
  kHello = 0,
  kIdentify = 1,
  kIdentified = 2,
  kEvent = 5,
  kRequest = 6,
  kResponse = 7
};

constexpr int kRpcVersion = 1;
constexpr int kSubscriptions = 1 << 0 | 1 << 2 | 1 << 6 | 1 << 10;  // General, Scenes, Outputs, Ui

absl::Status broken(std::string_view what) {
  return absl::InvalidArgumentError("OBS sent a broken message: " + std::string(what));
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json object_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : json::object();
}

std::optional<int> integer_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  constexpr std::int64_t kMost = 1'000'000;
  const auto value = found->get<std::int64_t>();
  if (value < -kMost || value > kMost) return std::nullopt;
  return static_cast<int>(value);
}

std::string sha256_base64(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE * 2> encoded{};
  const int length = ::EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {encoded.begin(), encoded.begin() + length};
}

}  // namespace

absl::StatusOr<ObsMessage> read_obs_message(std::string_view text) {
  const absl::StatusOr<json> message = common::parse_json_object(text);
  if (!message.ok()) return broken(std::string(message.status().message()));
  const json data = object_in(*message, "d");
  switch (integer_in(*message, "op").value_or(-1)) {
    case kHello: {
      const json authentication = object_in(data, "authentication");
      ObsHello hello{text_in(authentication, "challenge"), text_in(authentication, "salt")};
      if (hello.challenge.empty() != hello.salt.empty()) return broken("authentication");
      return hello;
    }
    case kIdentified: return ObsIdentified{};
    case kEvent: {
      ObsEvent event{text_in(data, "eventType"), object_in(data, "eventData")};
      if (event.type.empty()) return broken("eventType");
      return event;
    }
    case kResponse: {
      const json status = object_in(data, "requestStatus");
      const auto result = status.find("result");
      const std::optional<int> code = integer_in(status, "code");
      ObsResponse response{text_in(data, "requestId"), false, code.value_or(0),
                           text_in(status, "comment"), object_in(data, "responseData")};
      if (response.id.empty() || result == status.end() || !result->is_boolean() || !code) {
        return broken("requestStatus");
      }
      response.ok = result->get<bool>();
      return response;
    }
    default: return broken("op");
  }
}

std::string obs_identify(const ObsHello& hello, std::string_view password) {
  json data = {{"rpcVersion", kRpcVersion}, {"eventSubscriptions", kSubscriptions}};
  if (!hello.challenge.empty()) {
    data["authentication"] = obs_authentication(password, hello.salt, hello.challenge);
  }
  return common::json_line(json{{"op", kIdentify + 0}, {"d", std::move(data)}});
}

std::string obs_request(std::string_view id, std::string_view type, json data) {
  return common::json_line(
      json{{"op", kRequest + 0},
           {"d", {{"requestType", type}, {"requestId", id}, {"requestData", std::move(data)}}}});
}

std::string obs_authentication(std::string_view password, std::string_view salt,
                               std::string_view challenge) {
  const std::string secret = sha256_base64(std::string(password) + std::string(salt));
  return sha256_base64(secret + std::string(challenge));
}

std::optional<std::chrono::nanoseconds> parse_obs_timecode(std::string_view text) {
  constexpr std::array<std::pair<char, std::int64_t>, 4> kParts = {
      {{':', 3'600'000}, {':', 60'000}, {'.', 1'000}, {'\0', 1}}};
  constexpr std::int64_t kMost = 100'000;  // of one part
  std::int64_t total = 0;
  for (const auto& [separator, unit] : kParts) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0 || value > kMost) return std::nullopt;
    total += value * unit;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (separator == '\0') break;
    if (!text.starts_with(separator)) return std::nullopt;
    text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  return std::chrono::milliseconds(total);
}

}  // namespace director
