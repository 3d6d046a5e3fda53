// Checks that what the HTTP server and client accept survives a round trip, and that only names of this
// computer are accepted as its names.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "common/http_message.h"
#include "common/http_router.h"
#include "common/printable.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

const common::HttpRouter& router() {
  static const auto* const kRouter = [] {
    auto* const made = new common::HttpRouter;
    made->add("GET", "/api/clocks/:kind/:id",
              [](const common::HttpRequest&) { return common::HttpResponse{}; });
    return made;
  }();
  return *kRouter;
}

bool accepts(const std::string& target, const std::string& host) {
  common::HttpRequest request;
  request.method = "GET";
  request.target = target;
  request.headers = {{"host", host}};
  return std::holds_alternative<const common::HttpRouter::Route*>(router().find(request));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto target = common::parse_http_target(text);
  if (target.ok()) {
    for (const std::string& segment : target->segments) {
      require(common::printable(segment) == segment);
    }
    require(target->segments.size() <= size);
  }
  require(!accepts(text, "localhost") || (target.ok() && target->segments.size() == 4));
  if (accepts("/api/clocks/a/b", text)) {
    const std::string_view first = std::string_view(text).substr(0, 9);
    require(common::is_ip_address(text) || common::lower_case(first) == "localhost");
  }
  if (const auto url = common::parse_url(text); url.ok()) {
    const auto again = common::parse_url(url->scheme + "://" + url->authority() + url->target);
    require(again.ok() && again->authority() == url->authority() && again->target == url->target);
  }
  if (const auto json = common::parse_json_object(text); json.ok()) {
    require(common::parse_json_object(common::json_response(*json).body).ok());
  }
  return 0;
}
