// HTTP requests and responses as the handlers of a service see them, and the text formats around them.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_HTTP_MESSAGE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_HTTP_MESSAGE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace common {

using HttpFields = std::map<std::string, std::string, std::less<>>;

struct HttpRequest {
  std::string method;     // "GET"
  std::string target;     // as received: "/api/clocks/period/1?from=7"
  HttpFields headers;     // by names in lower case
  HttpFields parameters;  // of the route's pattern, decoded
  HttpFields query;       // decoded
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpFields headers;  // further ones; those of a response that was received have lower-case names
};

// Returns `value` as a response of one line.
HttpResponse json_response(const nlohmann::json& value, int status = 200);

// Returns {"error": what} as a response.
HttpResponse error_response(int status, std::string_view what);

// The same for the error of an operation: 400 for InvalidArgument and OutOfRange, 401 for
// Unauthenticated, 403 for PermissionDenied, 404 for NotFound, 409 for AlreadyExists,
// FailedPrecondition and Aborted, 503 for Unavailable and ResourceExhausted, 504 for
// DeadlineExceeded, else 500.
HttpResponse error_response(const absl::Status& error);

// Reads a JSON object, as the body of a request.
//
// Errors: InvalidArgument "body: why". Objects and arrays nest to 32 levels at most.
absl::StatusOr<nlohmann::json> parse_json_object(std::string_view text);

// A request's target, split and decoded: "/a%20b/c?d=e" has the segments "a b" and "c".
struct HttpTarget {
  std::vector<std::string> segments;
  HttpFields query;
};

// Errors: InvalidArgument for a target that does not begin with '/', for a broken %XX, and for text that
//         is not printable UTF-8 when decoded.
absl::StatusOr<HttpTarget> parse_http_target(std::string_view target);

// An absolute address of http, https or ws.
struct Url {
  std::string scheme, host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;    // the scheme's, if the text has none
  std::string target;        // with the query, without the fragment: "/" at least

  // "127.0.0.1:8080", "[::1]:8080"
  [[nodiscard]] std::string authority() const;
};

// Errors: InvalidArgument with the reason. A user name in the address is refused.
absl::StatusOr<Url> parse_url(std::string_view text);

// Returns whether `host` of a Host header is an IP address, with or without a port.
bool is_ip_address(std::string_view host);

// Returns the media type for a file name: "text/html; charset=utf-8" for "stage.html".
std::string_view content_type_of(std::string_view file);

// Returns `text` with ASCII letters in lower case.
std::string lower_case(std::string_view text);

// Compares in a time that depends on the length of `given` only.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_HTTP_MESSAGE_H_
