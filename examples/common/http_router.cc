#include "common/http_router.h"

#include <algorithm>

#include "common/printable.h"

namespace common {
namespace {

// Pages use files of this server only, and no script or style inside the page.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'";

std::vector<std::string> segments_of(std::string_view pattern) {
  std::vector<std::string> segments;
  for (std::size_t begin = 1; begin < pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    segments.emplace_back(pattern.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

std::optional<HttpFields> match(const std::vector<std::string>& pattern,
                                const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  HttpFields parameters;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i].starts_with(':')) {
      parameters.emplace(pattern[i].substr(1), path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return parameters;
}

std::string_view header(const HttpRequest& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

void HttpRouter::add(std::string method, std::string_view pattern, HttpHandler handler,
                     Access access) {
  routes_.push_back({std::move(method), segments_of(pattern), std::move(handler), access, {}});
}

void HttpRouter::add_file(std::string_view pattern, std::string_view name, std::string content) {
  HttpResponse file;
  file.content_type = content_type_of(name);
  file.body = std::move(content);
  file.headers = {{"Cache-Control", "no-cache"}, {"Content-Security-Policy", kPolicy}};
  add("GET", pattern, [file = std::move(file)](const HttpRequest&) { return file; });
}

void HttpRouter::add_web_socket(std::string_view pattern, WebSocketHandlers handlers,
                                Access access) {
  add(
      "GET", pattern,
      [](const HttpRequest&) {
        HttpResponse response = error_response(426, "This address is a WebSocket");
        response.headers = {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
        return response;
      },
      access);
  routes_.back().web_socket = std::move(handlers);
}

std::variant<const HttpRouter::Route*, HttpResponse> HttpRouter::find(HttpRequest& request) const {
  if (std::optional<HttpResponse> refusal = refuse_foreign(request)) return *std::move(refusal);
  absl::StatusOr<HttpTarget> target = parse_http_target(request.target);
  if (!target.ok()) return error_response(target.status());

  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : routes_) {
    std::optional<HttpFields> parameters = match(route.pattern, target->segments);
    if (!parameters) continue;
    if (route.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    if (route.access == Access::kToken && !has_token(request)) {
      HttpResponse response = error_response(401, "A valid token is required");
      response.headers.emplace("WWW-Authenticate", "Bearer");
      return response;
    }
    request.parameters = *std::move(parameters);
    request.query = std::move(target->query);
    return &route;
  }
  if (allowed.empty()) return error_response(404, "There is no " + in_quotes(request.target));
  HttpResponse response = error_response(405, "Only " + allowed + " is possible here");
  response.headers.emplace("Allow", allowed);
  return response;
}

std::optional<HttpResponse> HttpRouter::refuse_foreign(const HttpRequest& request) const {
  const std::string host = lower_case(header(request, "host"));
  const std::string name = host.substr(0, host.find(':'));
  const auto& names = options_.host_names;
  if (!is_ip_address(host) && name != "localhost" &&
      std::none_of(names.begin(), names.end(),
                   [&](const std::string& known) { return lower_case(known) == name; })) {
    return error_response(403, "This server has no name " + in_quotes(name));
  }
  const std::string origin = lower_case(header(request, "origin"));
  if (request.headers.contains("origin") && origin != "http://" + host &&
      origin != "https://" + host) {
    return error_response(403, "Pages of " + in_quotes(origin) + " may not use this server");
  }
  return std::nullopt;
}

bool HttpRouter::has_token(const HttpRequest& request) const {
  if (!options_.token) return true;
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view given = header(request, "authorization");
  return lower_case(given.substr(0, kScheme.size())) == kScheme &&
         equal_in_constant_time(given.substr(kScheme.size()), *options_.token);
}

}  // namespace common
