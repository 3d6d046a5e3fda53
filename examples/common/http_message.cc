#include "common/http_message.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "common/json_line.h"
#include "common/parse_json.h"
#include "common/printable.h"

namespace common {
namespace {

int status_of(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange: return 400;
    case absl::StatusCode::kUnauthenticated: return 401;
    case absl::StatusCode::kPermissionDenied: return 403;
    case absl::StatusCode::kNotFound: return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted: return 409;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted: return 503;
    case absl::StatusCode::kDeadlineExceeded: return 504;
    default: return 500;
  }
}

// Decodes %XX, and '+' as a blank where `plus_is_blank`.
absl::StatusOr<std::string> decoded(std::string_view text, bool plus_is_blank) {
  const auto error = [&](std::string_view why) {
    return absl::InvalidArgumentError("Invalid address " + in_quotes(text) + ": " +
                                      std::string(why));
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i] == '+' && plus_is_blank ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return error("a % needs two hexadecimal digits");
    unsigned char byte = 0;
    const char* const end = text.data() + i + 3;
    if (std::from_chars(end - 2, end, byte, 16).ptr != end) {
      return error("a % needs two hexadecimal digits");
    }
    result += static_cast<char>(byte);
    i += 2;
  }
  if (printable(result) != result) return error("not printable UTF-8");
  return result;
}

// Takes the text before `separator` off `text`. Takes all of it if there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// Splits "HOST", "HOST:PORT" or "[IPv6]:PORT". A missing port is empty.
struct Authority {
  std::string_view host, port;
  bool bracketed = false, has_port = false;
};

std::optional<Authority> split_authority(std::string_view text) {
  Authority result;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    result = {text.substr(1, end - 1), {}, true, false};
    text.remove_prefix(end + 1);
  } else {
    result.host = text.substr(0, text.find(':'));
    text.remove_prefix(result.host.size());
  }
  if (text.starts_with(':')) {
    result.port = text.substr(1);
    result.has_port = true;
  } else if (!text.empty()) {
    return std::nullopt;
  }
  return result;
}

bool is_ip_address(std::string_view host, bool v6) {
  unsigned char address[sizeof(in6_addr)];
  return ::inet_pton(v6 ? AF_INET6 : AF_INET, std::string(host).c_str(), address) == 1;
}

}  // namespace

HttpResponse json_response(const nlohmann::json& value, int status) {
  HttpResponse response;
  response.status = status;
  response.body = json_line(value) + "\n";
  return response;
}

HttpResponse error_response(int status, std::string_view what) {
  return json_response({{"error", what}}, status);
}

HttpResponse error_response(const absl::Status& error) {
  return error_response(status_of(error.code()),
                        std::string_view(error.message().data(), error.message().size()));
}

absl::StatusOr<nlohmann::json> parse_json_object(std::string_view text) {
  if (nests_too_deep(text)) return absl::InvalidArgumentError("body: nests deeper than 32 levels");
  try {
    nlohmann::json value = nlohmann::json::parse(text);
    if (!value.is_object()) return absl::InvalidArgumentError("body: expected a JSON object");
    return value;
  } catch (const nlohmann::json::parse_error& error) {
    return absl::InvalidArgumentError("body: not JSON, at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError("body: a number is out of range");
  }
}

absl::StatusOr<HttpTarget> parse_http_target(std::string_view target) {
  if (!target.starts_with('/')) {
    return absl::InvalidArgumentError("Invalid address " + in_quotes(target) + ": expected a path");
  }
  HttpTarget result;
  std::string_view path = take_until(target, '?');
  path.remove_prefix(1);
  while (!path.empty()) {
    absl::StatusOr<std::string> segment = decoded(take_until(path, '/'), false);
    if (!segment.ok()) return segment.status();
    result.segments.push_back(*std::move(segment));
  }
  while (!target.empty()) {
    std::string_view value = take_until(target, '&');
    const std::string_view key = take_until(value, '=');
    absl::StatusOr<std::string> name = decoded(key, true), text = decoded(value, true);
    if (!name.ok()) return name.status();
    if (!text.ok()) return text.status();
    if (!name->empty()) result.query.insert_or_assign(*std::move(name), *std::move(text));
  }
  return result;
}

std::string Url::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

absl::StatusOr<Url> parse_url(std::string_view text) {
  const auto error = [&](std::string_view why) {
    return absl::InvalidArgumentError("Invalid address " + in_quotes(text) + ": " +
                                      std::string(why));
  };
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (!std::all_of(text.begin(), text.end(), visible)) return error("expected visible ASCII");
  const std::size_t colon = text.find("://");
  Url url;
  url.scheme = lower_case(text.substr(0, std::min(colon, text.size())));
  if (colon == std::string_view::npos ||
      (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws")) {
    return error("expected http://, https:// or ws://");
  }
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) return error("a user name is not allowed");
  const std::optional<Authority> parts = split_authority(authority);
  if (!parts || parts->host.empty() || (parts->bracketed && !is_ip_address(parts->host, true))) {
    return error("expected a host");
  }
  url.host = parts->host;
  url.port = url.scheme == "https" ? 443 : 80;
  if (parts->has_port) {
    const std::optional<std::uint16_t> port = parse_port(parts->port);
    if (!port) return error("expected a port from 1 to 65535");
    url.port = *port;
  }
  url.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
  return url;
}

bool is_ip_address(std::string_view host) {
  const std::optional<Authority> parts = split_authority(host);
  return parts && (!parts->has_port || parse_port(parts->port)) &&
         is_ip_address(parts->host, parts->bracketed);
}

std::string_view content_type_of(std::string_view file) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".txt", "text/plain; charset=utf-8"},
      {".wav", "audio/wav"},
  };
  for (const auto& [suffix, type] : kTypes) {
    if (file.ends_with(suffix)) return type;
  }
  return "application/octet-stream";
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  volatile unsigned char difference = given.size() == secret.size() && !secret.empty() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | (given[i] ^ expected));
  }
  return difference == 0;
}

}  // namespace common
