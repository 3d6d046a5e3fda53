// Connects an ObsMixer to a real OBS, on a thread for the blocking calls.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_LINK_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_LINK_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/web_client.h"
#include "director.h"
#include "obs_mixer.h"

namespace director {

// Threads: any.
class ObsLink final : public ObsConnection {
 public:
  // `director` must outlive the link.
  ObsLink(std::string url, Director& director);
  ObsLink(const ObsLink&) = delete;
  ObsLink& operator=(const ObsLink&) = delete;
  ~ObsLink() override { stop(); }

  // `mixer` must live until `stop` has returned, and until nothing triggers the director's events.
  void start(ObsMixer& mixer);
  void stop();

  void connect(std::uint64_t number) override;
  void send(std::string text) override;
  void close() override;

 private:
  void run();
  void serve(std::uint64_t number);
  void deliver(std::function<void(ObsMixer&)> news);
  [[nodiscard]] bool is_current(std::uint64_t number) const;

  const std::string url_;
  Director& director_;
  ObsMixer* mixer_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::uint64_t wanted_ = 0;  // number of the connection; 0: none
  std::shared_ptr<common::WebSocketClient> client_;
  std::thread thread_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_OBS_LINK_H_
