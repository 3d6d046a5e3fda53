// Loads two plugins with hidden symbols. No handle of one cancels an event of the other.
//
//   hidden_host PLUGIN OTHER_PLUGIN
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  struct Plugin {
    std::uint64_t (*schedule)();
    int (*cancel)(std::uint64_t);
    std::vector<std::uint64_t> handles;
  } plugins[2] = {};
  for (int i = 0; i < 2; ++i) {
    void* const loaded = ::dlopen(argv[i + 1], RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) {
      std::fprintf(stderr, "%s\n", ::dlerror());
      return 2;
    }
    plugins[i].schedule = reinterpret_cast<std::uint64_t (*)()>(::dlsym(loaded, "plugin_schedule"));
    plugins[i].cancel = reinterpret_cast<int (*)(std::uint64_t)>(::dlsym(loaded, "plugin_cancel"));
    for (int event = 0; event < 10'000; ++event) {
      plugins[i].handles.push_back(plugins[i].schedule());
    }
  }
  int foreign = 0, own = 0;
  for (int i = 0; i < 2; ++i) {
    for (const std::uint64_t handle : plugins[i].handles) foreign += plugins[1 - i].cancel(handle);
  }
  for (Plugin& plugin : plugins) {
    for (const std::uint64_t handle : plugin.handles) own += plugin.cancel(handle);
  }
  std::printf("%d events cancelled by their own handles, %d by foreign ones\n", own, foreign);
  return own == 20'000 && foreign == 0 ? 0 : 1;
}
