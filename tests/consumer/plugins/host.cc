// Loads plugins with global symbols, runs each twice, and compares their static objects.
//
//   host FIRST OTHER_VERSION FIRST_AGAIN
//
// FIRST_AGAIN is a copy of FIRST. Both have one version, so they share their static objects: the loader
// merges symbols of one name.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace {

template <class Function>
Function* symbol(void* plugin, const char* name) {
  void* const found = ::dlsym(plugin, name);
  if (found == nullptr) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    std::exit(2);
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace

int main(int argc, char** argv) {
  const void* databases[3] = {};
  if (argc != 4) return 2;
  for (int i = 0; i < 3; ++i) {
    void* const plugin = ::dlopen(argv[i + 1], RTLD_NOW | RTLD_GLOBAL);
    if (plugin == nullptr) {
      std::fprintf(stderr, "%s\n", ::dlerror());
      return 2;
    }
    for (int run = 0; run < 2; ++run) {
      const int offset = symbol<int()>(plugin, "plugin_run")();
      if (offset != 60) {
        std::fprintf(stderr, "%s: Dublin's offset is %d minutes\n", argv[i + 1], offset);
        return 1;
      }
    }
    databases[i] = symbol<const void*()>(plugin, "plugin_database")();
  }
  const bool separate = databases[0] != databases[1];
  const bool shared = databases[0] == databases[2];
  std::printf("two versions are %s, one version is %s\n", separate ? "separate" : "SHARED",
              shared ? "shared" : "SEPARATE");
  return separate && shared ? 0 : 1;
}
